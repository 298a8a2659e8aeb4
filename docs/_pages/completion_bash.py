"""docs/completions/zeeksmtp.bash: completion for bash, installed with the wheel."""

from docs._pages import _completion

PAGE = "completions/zeeksmtp.bash"


def page() -> str:
    """Return the script."""
    return _completion.script("bash")
