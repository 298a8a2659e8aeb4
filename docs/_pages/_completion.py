"""Completion scripts of shells: typer's own, which ask the program itself what fits."""

from typer._completion_shared import get_completion_script


def script(shell: str) -> str:
    """Return the completion script for `bash`, `zsh` or `fish`, as `zeeksmtp --show-completion` prints it."""
    return get_completion_script(prog_name="zeeksmtp", complete_var="_ZEEKSMTP_COMPLETE", shell=shell) + "\n"
