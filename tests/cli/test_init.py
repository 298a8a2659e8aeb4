"""`zeeksmtp init`: the file that it writes is a config file, and says everything that can be set."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from zeeksmtp.cli import _schedule
from zeeksmtp.cli.app import run
from zeeksmtp.config import Settings, load


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """Run `init` into a folder with a blank in its name; give the file and what was printed."""
    folder = tmp_path / "two words"
    folder.mkdir()
    words = ["init", "-o", str(folder / "zeeksmtp.toml"), "--log-dir", "logs", "--state-dir", str(folder / "state")]
    assert run(words) == 0
    return folder / "zeeksmtp.toml", capsys.readouterr().out


def test_the_file_sets_the_folders_and_nothing_else(written: tuple[Path, str]) -> None:
    path, _ = written
    expected = Settings().model_copy(update={"log_dir": Path("logs").absolute(), "state_dir": path.parent / "state"})
    assert load(path) == expected
    assert (path.parent / "state").stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_commented_out_is_the_default(written: tuple[Path, str]) -> None:
    path, _ = written
    top = path.read_text().split("\n#[", 1)[0]
    unset = {name for name, field in Settings.model_fields.items() if field.default is None}
    path.write_text(re.sub(r"(?m)^#(\w+)( = )", lambda at: at[0] if at[1] in unset else at[0][1:], top))
    given = {"log_dir": Path("logs").absolute(), "state_dir": path.parent / "state"}
    assert load(path) == Settings().model_copy(update=given)


def test_every_setting_is_in_the_file(written: tuple[Path, str]) -> None:
    text = written[0].read_text()
    for name, field in Settings.model_fields.items():
        assert re.search(rf"(?m)^#?(\[+)?{field.alias or name}\b", text), name


def test_a_file_that_is_there_is_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "zeeksmtp.toml"
    path.write_text("alpha = 1e-7\n")
    assert run(["init", "-o", str(path), "--state-dir", str(tmp_path / "state")]) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert path.read_text() == "alpha = 1e-7\n"
    assert not (tmp_path / "state").exists()


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    words = ["init", "-o", str(tmp_path / "z.toml"), "--state-dir", str(tmp_path / "file" / "state")]
    assert run(words) == 5
    assert "--state-dir" in capsys.readouterr().err


def test_the_words_of_the_crontab_line_start_the_pass(written: tuple[Path, str]) -> None:
    """Cron hands the line, `\\%` made `%`, to sh: sh must see the same words."""
    path, output = written
    line = next(line for line in output.splitlines() if line.startswith(f"{_schedule.MINUTE} * * * * "))
    command = line.split(" ", 5)[5].replace("\\%", "%")
    seen = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    assert seen.stdout.splitlines() == [*_schedule.program(), "cron", "--quiet", "--config", str(path)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on PATH")
def test_systemd_takes_the_units(written: tuple[Path, str], tmp_path: Path) -> None:
    _, output = written
    units = output.split("# /etc/systemd/system/")[1:]
    for unit in units:
        name, text = unit.split("\n", 1)
        (tmp_path / name).write_text(text)
    names = [str(tmp_path / f"zeeksmtp.{kind}") for kind in ("service", "timer")]
    judged = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, "")


def test_signs_that_mean_something_to_cron_and_systemd_are_escaped() -> None:
    path = Path('/a b/100%/$HOME/"q"\\.toml')
    assert "\\%" in _schedule.crontab(path)
    unit = _schedule.units(path, Path("/s"))
    assert '"/a b/100%%/$$HOME/\\"q\\"\\\\.toml"' in unit


def test_the_page_about_cron_shows_these_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_schedule, "program", lambda: ["/opt/zeeksmtp/bin/zeeksmtp"])
    page = Path("docs/cron.md").read_text()
    config = Path("/etc/zeeksmtp.toml")
    assert f"```crontab\n{_schedule.crontab(config)}```" in page
    assert f"```ini\n{_schedule.units(config, Path('/var/lib/zeeksmtp'))}```" in page
