"""docs/completions/zeeksmtp.fish: completion for fish, installed with the wheel."""

from docs._pages import _completion

PAGE = "completions/zeeksmtp.fish"


def page() -> str:
    """Return the script."""
    return _completion.script("fish")
