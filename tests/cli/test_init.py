"""`zeeksmtp init`: the file that it writes is a config file, and says everything that can be set."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from zeeksmtp.cli import _schedule
from zeeksmtp.cli.app import run
from zeeksmtp.config import Settings, load
from zeeksmtp.setup import local_nets, survey, units


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """Run `init` into a folder with a blank in its name; give the file and what was printed."""
    folder = tmp_path / "two words"
    folder.mkdir()
    (tmp_path / "logs").mkdir()
    monkeypatch.chdir(tmp_path)
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
    words = [
        "init",
        "-o",
        str(tmp_path / "z.toml"),
        "--log-dir",
        str(tmp_path),
        "--state-dir",
        str(tmp_path / "file" / "state"),
    ]
    assert run(words) == 5
    assert "--state-dir" in capsys.readouterr().err


def test_the_words_of_the_crontab_line_start_the_pass(written: tuple[Path, str]) -> None:
    """Cron hands the line, `\\%` made `%`, to sh: sh must see the same words."""
    path, output = written
    line = next(line for line in output.splitlines() if line.startswith(f"{_schedule.MINUTE} * * * * "))
    command = line.split(" ", 5)[5].replace("\\%", "%")
    seen = subprocess.run(["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    assert seen.stdout.splitlines() == [*_schedule.program(), "cron", "--quiet", "--config", str(path)]


def test_signs_that_mean_something_to_cron_are_escaped() -> None:
    assert "\\%" in _schedule.crontab(Path("/a b/100%/zeeksmtp.toml"))


def test_the_page_about_cron_shows_these_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_schedule, "program", lambda: ["/opt/zeeksmtp/bin/zeeksmtp"])
    page = Path("docs/cron.md").read_text()
    config = Path("/etc/zeeksmtp.toml")
    installation = units.Installation(_schedule.program(), config, Path("/var/lib/zeeksmtp"))
    assert f"```crontab\n{_schedule.crontab(config)}```" in page
    shown = "\n".join(f"# {place}\n{text}" for place, text in units.files(installation).items())
    assert f"```ini\n{shown}```" in page


def test_it_takes_what_the_machine_shows(
    tmp_path: Path, captures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.chdir(tmp_path)
    logs = shutil.copytree(captures / "mixed_office_day" / "tsv", tmp_path / "zeek" / "logs")
    for file in logs.iterdir():
        os.utime(file)
    monkeypatch.setattr(survey, "LOG_DIRS", (str(tmp_path / "missing"), str(logs)))
    assert run(["init", "--state-dir", "state"]) == 0
    settings, output = load(), capsys.readouterr().out
    assert (settings.log_dir, settings.timezone, settings.local_nets) == (logs, "Europe/Berlin", ())
    assert f"# log_dir: {logs} (1 conn, " in output
    assert re.search(
        r"^# \d files were written less than 120 s ago: they are taken by the next pass$", output, re.MULTILINE
    )
    proposed = re.findall(r"(?m)^#local_nets = (.+)$", Path("zeeksmtp.toml").read_text())
    assert proposed == [json.dumps([str(net) for net in local_nets.seen_in([logs / "conn.log"]).networks])]
    assert f"# local networks: {', '.join(json.loads(proposed[0]))} (" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--log-dir", "missing"], "missing: no such folder; name the one that holds Zeek's logs"),
        ([], "no Zeek logs in "),
    ],
)
def test_without_a_log_folder_nothing_is_written(
    zeeksmtp: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr(survey, "LOG_DIRS", ("/missing",))
    ended = zeeksmtp("init", "--state-dir", "state", *words)
    assert (ended.code, said in ended.err) == (3, True)
    assert not list(Path().iterdir())


@pytest.mark.skipif(
    shutil.which("systemd-tmpfiles") is None or os.geteuid() != 0, reason="needs root, and systemd's tools"
)
def test_systemd_gets_all_it_needs_and_a_second_run_uses_the_config(
    zeeksmtp: Run, tmp_path: Path, captures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_schedule, "program", lambda: ["/usr/bin/true"])
    logs = shutil.copytree(captures / "mixed_office_day" / "tsv", tmp_path / "logs")
    (tmp_path / "image/etc").mkdir(parents=True)
    words = ["init", "--systemd", "--root", tmp_path / "image"]
    assert zeeksmtp(*words, "--log-dir", logs).code == 0
    config = tmp_path / "image/etc/zeeksmtp.toml"
    assert (load(config).log_dir, load(config).state_dir) == (logs, Path("/var/lib/zeeksmtp"))
    assert (tmp_path / "image/var/lib/zeeksmtp").is_dir()
    text = config.read_text().replace("#report_files = []", 'report_files = ["/srv/smtp/{date:%F}.html"]')
    config.write_text(text.replace('#metrics_file = ""', 'metrics_file = "/srv/metrics/smtp.prom"'))
    again = zeeksmtp(*words)
    assert (again.code, "systemctl enable --now zeeksmtp.timer" in again.out) == (0, True)
    service = (tmp_path / "image/etc/systemd/system/zeeksmtp.service").read_text()
    assert "ReadWritePaths=/var/lib/zeeksmtp /srv/metrics /srv/smtp\n" in service
    assert zeeksmtp(*words, "--log-dir", logs).code == 2


def test_a_root_without_systemd_is_refused(zeeksmtp: Run, tmp_path: Path) -> None:
    assert zeeksmtp("init", "--root", tmp_path).code == 2
