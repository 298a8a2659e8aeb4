"""What systemd gets: it accepts the units, the sandbox is tight, and a pass works in it."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zeeksmtp.cli import _schedule
from zeeksmtp.errors import UnusableError
from zeeksmtp.setup import install, units

MAX_EXPOSURE = 16
"""In tenths, 96 without any sandbox. The network, which mail needs, costs 8 of them."""
ODD = Path('/a b/100%/$HOME/"q"\\.toml')
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on PATH")


def installation(config: Path, state: Path, **more: object) -> units.Installation:
    return units.Installation(_schedule.program(), config, state, **more)  # type: ignore[arg-type]


@needs_systemd
@pytest.mark.parametrize("config", [Path("/etc/zeeksmtp.toml"), ODD], ids=["usual", "odd"])
def test_systemd_accepts_the_units(tmp_path: Path, config: Path) -> None:
    written = install_below(tmp_path, installation(config, Path("/var/lib/zeek smtp"), groups=["adm"]))
    names = [str(path) for path in written if path.suffix in {".service", ".timer"}]
    checked = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
def test_the_sandbox_is_tight(tmp_path: Path) -> None:
    unit = tmp_path / "zeeksmtp.service"
    unit.write_text(units.service(installation(Path("/etc/zeeksmtp.toml"), Path("/var/lib/zeeksmtp"))))
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", str(unit)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@needs_systemd
def test_user_and_owners_are_created(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/zeeksmtp.toml").touch()
    install_below(tmp_path, installation(Path("/etc/zeeksmtp.toml"), Path("/var/lib/zeek smtp")))
    uid, gid = re.findall(r"^zeeksmtp:x:(\d+):(\d+):", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)[0]
    state, config = (tmp_path / "var/lib/zeek smtp").stat(), (tmp_path / "etc/zeeksmtp.toml").stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (int(uid), int(gid), 0o700)
    assert (config.st_uid, config.st_gid, config.st_mode & 0o777) == (os.geteuid(), int(gid), 0o640)


def install_below(root: Path, wanted: units.Installation) -> list[Path]:
    """Install as root only: others may not give files away."""
    if os.geteuid():
        pytest.skip("needs root")
    return install.install(wanted, root)


def test_a_program_in_a_closed_home_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "home/bin/zeeksmtp"
    program.parent.mkdir(parents=True)
    (tmp_path / "home").chmod(0o700)
    wanted = units.Installation([str(program)], Path("/etc/zeeksmtp.toml"), Path("/var/lib/zeeksmtp"))
    with pytest.raises(UnusableError, match="which user zeeksmtp cannot enter; install zeeksmtp where all can"):
        install.install(wanted, tmp_path)
    assert not (tmp_path / "etc").exists()


def test_signs_that_mean_something_to_systemd_are_escaped() -> None:
    text = units.service(installation(ODD, Path("/s$t"), groups=("adm", "zeek"), writes=[Path("/srv/r p")]))
    assert '"/a b/100%%/$$HOME/\\"q\\"\\\\.toml"' in text
    assert 'ReadWritePaths="/s$t" "/srv/r p"\n' in text
    assert "SupplementaryGroups=adm zeek\n" in text


def test_a_pass_works_without_writable_code(tmp_path: Path, captures: Path) -> None:
    """As below `MemoryDenyWriteExecute`, with the environment of the unit."""
    config = tmp_path / "zeeksmtp.toml"
    logs = shutil.copytree(captures / "auth_plain_initial" / "tsv", tmp_path / "logs")
    config.write_text(f'log_dir = "{logs}"\nstate_dir = "{tmp_path}"\nsettle_seconds = 0\n')
    set_by_unit = re.findall(r"^Environment=(\w+)=(.*)$", units.service(installation(config, tmp_path)), re.MULTILINE)
    command = [sys.executable, "-m", "zeeksmtp", "cron", "--config", str(config)]
    done = subprocess.run(
        command,
        env={**os.environ, **dict(set_by_unit)},
        preexec_fn=_forbid_writable_code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Cleartext auth" in done.stdout


def _forbid_writable_code() -> None:
    """Linux 6.3 and later; older ones run the pass without."""
    ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)
