"""`zeeksmtp doctor`: each check on a line, a remedy below, and an exit code that a script can use."""

from pathlib import Path

import pytest

from zeeksmtp.cli.app import run

OFFICE = Path("fixtures/scenarios/office/logs")


def _config(tmp_path: Path, text: str) -> str:
    path = tmp_path / "zeeksmtp.toml"
    path.write_text(text)
    return str(path)


def test_what_works_is_said_and_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _config(tmp_path, f'log_dir = "{OFFICE.absolute()}"\nstate_dir = "{tmp_path / "state"}"\n')
    assert run(["doctor", "--config", config]) == 0
    output = capsys.readouterr().out
    assert f"ok    config        {config} is understood" in output
    assert "ok    Zeek package" in output
    assert "fail" not in output
    assert not (tmp_path / "state").exists()


def test_what_has_to_be_mended_ends_with_5(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--config", _config(tmp_path, "")]) == 5
    output = capsys.readouterr().out
    assert "fail  log folder    `log_dir` is not set" in output
    assert "→ set it in the config file" in output


def test_a_config_that_is_wrong_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--config", _config(tmp_path, "alhpa = 1\n")]) == 5
    assert "nearest is `alpha`" in capsys.readouterr().err


def test_a_name_in_the_log_folder_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "conn.\x1b[31m.log.lz4").write_bytes(b"\x04\x22\x4d\x18")
    run(["doctor", "--config", _config(tmp_path, f'log_dir = "{tmp_path / "logs"}"\n')])
    assert "\x1b" not in capsys.readouterr().out
