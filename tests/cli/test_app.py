"""Whatever happens, it ends with the right exit code and at most one line; and help is quick."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Run
from zeeksmtp import __version__
from zeeksmtp.cli import app
from zeeksmtp.errors import ConfigError, ExitCode
from zeeksmtp.model import Command

SECRET = "hunter2"


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `zeeksmtp` is the program."""
    command = f'zeeksmtp() {{ "{sys.executable}" -m zeeksmtp "$@"; }}; set -o pipefail; {line}'
    env = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, cwd=ROOT, check=False)


def fake(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `zeeksmtp detectors` a command that ends with `error`."""

    def run() -> None:
        raise error

    monkeypatch.setattr("zeeksmtp.cli.detectors.COMMAND", Command("detectors", run))


def test_version(zeeksmtp: Run) -> None:
    assert zeeksmtp("--version") == (0, f"zeeksmtp {__version__}\n", "")


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["report", "-h"], ["detectors", "list", "--help"]])
def test_help_goes_to_stdout(zeeksmtp: Run, words: Sequence[str]) -> None:
    ended = zeeksmtp(*words)
    assert ended.code == ExitCode.OK
    assert ended.out.startswith("Usage: zeeksmtp")
    assert "Examples:" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize("words", [[], ["detectors"]])
def test_no_words_get_the_help_and_a_usage_error(zeeksmtp: Run, words: Sequence[str]) -> None:
    ended = zeeksmtp(*words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert ended.err.startswith("Usage: zeeksmtp")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rport"], "No such command 'rport'"),
        (["report"], "Missing argument 'PATH...'"),
        (["report", "x", "--frmat", "json"], "No such option: --frmat"),
        (["report", "x", "--format", "jsn"], "no format is called 'jsn'; did you mean json?"),
        (["report", "x", "--format", "zzz"], "no format is called 'zzz'; there are "),
        (["report", "x", "--engine", "locl"], "did you mean local?"),
        (["report", "x", "--fail-on", "bad"], "--fail-on"),
        (["report", "x", "--min-severity", "bad"], "--min-severity"),
        (["report", "x", "--detector", "user-enumaration"], "did you mean user-enumeration?"),
        (["show"], "Missing argument 'N|ID'"),
        (["report", "x", "--local-net", "10.0.0.1/8"], "10.0.0.1/8 has host bits set; give a network such as"),
        (["export", "x"], "Missing option '--output'"),
    ],
)
def test_wrong_words_get_one_line_with_a_remedy(zeeksmtp: Run, words: Sequence[str], said: str) -> None:
    ended = zeeksmtp(*words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert said in ended.err
    assert ended.err.startswith("zeeksmtp: ")
    assert ended.err.count("\n") == 1
    assert "--help` shows how it is used" in ended.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("x.toml:1: bad\x1b[2J\nkey"), 5, "zeeksmtp: x.toml:1: bad\\x1b[2J key\n"),
        (OSError(28, "No space left on device", "/tmp/x"), 5, "No space left on device: '/tmp/x'; make room"),
        (KeyboardInterrupt(), 130, "zeeksmtp: interrupted\n"),
        (ValueError(SECRET), 1, "zeeksmtp: internal error, ValueError; run again with --debug"),
        (TypeError("no such argument"), 1, "zeeksmtp: internal error, TypeError: no such argument; run again"),
    ],
)
def test_every_error_is_one_line(
    zeeksmtp: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    fake(monkeypatch, error)
    ended = zeeksmtp("detectors")
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert SECRET not in ended.err


def test_the_traceback_is_there_on_demand_without_what_a_log_held(
    zeeksmtp: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, ValueError(SECRET))
    ended = zeeksmtp("detectors", "--debug")
    assert 'test_app.py", line' in ended.err
    assert ended.err.splitlines()[-1].startswith("zeeksmtp: internal error, ValueError; run again")
    assert SECRET not in ended.err


def test_python_m_is_the_same_program() -> None:
    ended = shell("zeeksmtp report /nowhere")
    assert ended.returncode == ExitCode.NO_INPUT
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "/nowhere" in ended.stderr


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], {"polars", "pandas", "rich", "zeeksmtp.config"}),
        (["report", "--help"], {"polars", "pandas", "rich", "zeeksmtp.config"}),
        (["show", "--help"], {"polars", "pandas", "rich", "zeeksmtp.config"}),
        (["report", "fixtures/captures/auth_plain_initial/tsv", "--format", "json"], {"pandas", "rich"}),
    ],
)
def test_what_is_not_needed_is_not_imported(words: Sequence[str], heavy: set[str]) -> None:
    code = "import sys; from zeeksmtp.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    modules = set(ended.stderr.split())
    assert "zeeksmtp.model" in modules
    assert heavy & modules == set()


def test_a_reader_who_leaves_early_is_no_error() -> None:
    ended = shell("zeeksmtp report fixtures/captures/spambot_direct_to_mx/tsv --format json | head -c 10")
    assert (ended.returncode, ended.stdout[:1], ended.stderr) == (0, "{", "")


def test_what_the_locale_cannot_show_is_escaped() -> None:
    ended = shell("zeeksmtp report fixtures/captures/auth_plain_initial/tsv", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert ended.stdout.isascii()
    assert "was answered with\\u2026" in ended.stdout


def test_shells_can_complete(tmp_path: Path) -> None:
    line = "zeeksmtp report --format js"
    ended = shell("zeeksmtp", _ZEEKSMTP_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD="3", HOME=str(tmp_path))
    assert ended.stdout.split() == ["json"]
    ended = shell("zeeksmtp --show-completion bash", HOME=str(tmp_path))
    assert "_ZEEKSMTP_COMPLETE" in ended.stdout


def test_it_leaves_nothing_behind_when_it_is_ended(tmp_path: Path, leak: Path) -> None:
    code = (
        "import sys, time; from zeeksmtp import pipeline; from zeeksmtp.cli.app import main;"
        "pipeline._read = lambda *_: (print('reading', flush=True), time.sleep(60)); main()"
    )
    words = [sys.executable, "-c", code, "report", str(leak)]
    env = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "reading\n"
        assert list(tmp_path.glob("zeeksmtp-*"))
        child.terminate()
        assert child.communicate(timeout=30) == ("", "zeeksmtp: interrupted\n")
    assert child.returncode == app.INTERRUPTED
    assert list(tmp_path.iterdir()) == []
