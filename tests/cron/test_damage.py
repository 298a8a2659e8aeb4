"""Damage to state and lake is reported with its remedy, and nothing of it as news; a lake can be made anew.

`DAMAGES` in the environment says how many random damages, half of them to the lake; `make torture` sets 400.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.cron._site import Site, rows_of
from zeeksmtp import pipeline
from zeeksmtp.cli import app
from zeeksmtp.errors import ExitCode, UnusableError
from zeeksmtp.materialize import Materializer
from zeeksmtp.state import findings
from zeeksmtp.state.store import NAME, open_store

CASE = "auth_login_ok"
DAMAGES = int(os.environ.get("DAMAGES", "12"))
SEED = int(os.environ.get("SEED", "5"))

Damage = Callable[[bytes, random.Random], bytes]


def _flip(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << dice.randrange(8)]) + content[place + 1 :]


def _truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def _overwrite(content: bytes, dice: random.Random) -> bytes:
    place, noise = dice.randrange(len(content)), dice.randbytes(64)
    return (content[:place] + noise + content[place + 64 :])[: len(content)]


def _empty(_content: bytes, _dice: random.Random) -> bytes:
    return b""


DAMAGE: tuple[Damage, ...] = (_flip, _truncate, _overwrite, _empty)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site after a pass, with news from then on."""
    site = Site(tmp_path_factory.mktemp("whole"))
    site.put(CASE, "conn", "smtp", "smtp_auth")
    site.run()
    site.put(CASE)
    return site


def _copy(whole: Site, home: Path) -> Site:
    shutil.copytree(whole.home, home)
    return Site(home)


def _config(site: Site) -> Path:
    path = site.home / "zeeksmtp.toml"
    path.write_text(f'log_dir = "{site.logs}"\nstate_dir = "{site.state}"\nsettle_seconds = 0\n')
    return path


@pytest.mark.parametrize("number", range(DAMAGES))
def test_damage_ends_a_pass_with_its_remedy(
    number: int, whole: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever happens to one file: exit code 5, one line with file and remedy, nothing reported, nothing changed.

    A state file whose unused bytes changed is as good as a whole one.
    """
    dice = random.Random(f"{SEED}/{number}")
    site = _copy(whole, tmp_path / "site")
    parts = sorted((site.state / "lake").glob("*/*"))
    victim = dice.choice(parts) if number % 2 else site.state / NAME
    damage = dice.choice(DAMAGE)
    before = victim.read_bytes()
    broken = damage(before, dice)
    victim.write_bytes(broken)
    remembered = _contents(site) if victim.name == NAME else None
    code = app.run(["cron", "--config", str(_config(site))])
    output = capsys.readouterr()
    if remembered is not None and remembered == _contents(whole):
        return  # the damage hit what nobody reads
    assert code == ExitCode.UNUSABLE, (victim, damage.__name__, output.err)
    assert str(victim if victim.name == NAME else victim.parent.parent) in output.err
    assert "restore" in output.err or "mv " in output.err
    assert output.err.count("\n") == 1
    assert not output.out
    assert victim.read_bytes() == broken


def _contents(site: Site) -> list[str] | None:
    """Return all rows of a state file, `None` if it does not give them."""
    try:
        with closing(sqlite3.connect(f"file:{site.state / NAME}?immutable=1", uri=True)) as state:
            return list(state.iterdump())
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def test_a_changed_letter_in_a_finding_is_noticed(whole: Site, tmp_path: Path) -> None:
    """SQLite itself has no opinion on the text of a row."""
    site = _copy(whole, tmp_path / "site")
    path = site.state / NAME
    (known, *_) = site.known()
    assert path.read_bytes().count(known.encode()) >= 1
    path.write_bytes(path.read_bytes().replace(known.encode(), known[:-1].encode() + b"~"))
    with pytest.raises(UnusableError, match=r"is damaged and was left as it is"):
        site.known()


def test_what_a_command_changes_is_sealed(whole: Site, tmp_path: Path) -> None:
    site = _copy(whole, tmp_path / "site")
    known = list(site.known().values())[:1]
    site.within(lambda connection: findings.acknowledge(connection, known, "known"))
    assert [remembered.reason for remembered in site.known().values()].count("known") == 1
    with open_store(site.state / NAME) as store, store.transaction():
        pass


def test_a_lake_is_made_anew_and_findings_stay(whole: Site, tmp_path: Path) -> None:
    site = _copy(whole, tmp_path / "site")
    first = site.known()
    known = list(site.known().values())[:1]
    site.within(lambda connection: findings.acknowledge(connection, known, "known"))
    for part in (site.state / "lake").glob("*/*"):
        part.write_bytes(b"")
    with pytest.raises(UnusableError, match="--rebuild"):
        site.run()
    result = site.run(rebuild=True)
    assert result.report is not None
    assert site.rows() == rows_of(CASE, tmp_path / "other")
    again = site.known()
    assert first.keys() <= again.keys()
    assert [remembered.reason for remembered in again.values()].count("known") == 1
    assert not {f.id for f in result.report.findings if f.state == "new"} & first.keys()


@pytest.mark.parametrize("number", range(DAMAGES // 2))
def test_a_damaged_table_of_an_earlier_pass_is_made_again(
    number: int, cached: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the damage leaves a readable table with other values: the report is that of an undamaged folder."""
    _large(monkeypatch)
    dice = random.Random(f"{SEED}/{number}")
    sound, site = _copy(cached, tmp_path / "sound"), _copy(cached, tmp_path / "site")
    victim = dice.choice(sorted(path for path in (site.state / "work").rglob("*") if path.is_file()))
    victim.write_bytes(dice.choice(DAMAGE)(victim.read_bytes(), dice))
    result, wanted = site.run(), sound.run()
    assert result.report is not None and wanted.report is not None and not result.degraded
    assert result.report.findings == wanted.report.findings
    assert "made again" in caplog.text


def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every lake as one that is put on disk by days."""
    monkeypatch.setattr(pipeline, "Materializer", partial(Materializer, small_rows=1, min_rows=0))


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site whose next pass has tables of days to use again, and news."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _large(monkeypatch)
        site = Site(tmp_path_factory.mktemp("cached"))
        site.put(CASE, "conn", "smtp", "smtp_auth")
        site.run()
    site.put(CASE)
    assert list((site.state / "work").glob("days/*/*.parquet"))
    return site
