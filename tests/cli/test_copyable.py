"""The words of a command, quoted so that a shell gives them back."""

import shlex
from pathlib import Path

from zeeksmtp.cli._copyable import show_words


def test_paths_and_options_survive_a_shell() -> None:
    words = show_words(
        [Path("a b"), Path("-rf"), Path("-"), Path("$HOME;x")],
        since="24h",
        until=None,
        client=["10.0.0.0/8", "::1"],
        account=["it's", "--x"],
        pseudonymise=True,
        full=False,
    )
    assert shlex.split(words) == [
        *("zeeksmtp", "show", "a b", "./-rf", "-", "$HOME;x", "--since=24h", "--client=10.0.0.0/8", "--client=::1"),
        *("--account=it's", "--account=--x", "--pseudonymise"),
    ]


def test_no_options() -> None:
    assert show_words([Path("logs")], config=None, client=[]) == "zeeksmtp show logs"
