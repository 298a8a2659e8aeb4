"""docs/completions/_zeeksmtp: completion for zsh, installed with the wheel."""

from docs._pages import _completion

PAGE = "completions/_zeeksmtp"


def page() -> str:
    """Return the script."""
    return _completion.script("zsh")
