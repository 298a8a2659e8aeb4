"""`zeeksmtp export` leaves the lake and the facts, and refuses to mix two exports."""

import stat
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Run
from zeeksmtp import facts as fact_units
from zeeksmtp import registry
from zeeksmtp.dtypes import schema_of
from zeeksmtp.errors import ExitCode


def test_lake_and_facts_are_there_with_their_declared_columns(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    assert zeeksmtp("export", leak, "-o", "tables") == (ExitCode.OK, "", "")
    facts = registry.discover(fact_units, "FACT")
    assert len(facts) > 5
    for fact in facts.values():
        frame = pl.read_parquet(tmp_path / "tables" / "facts" / f"{fact.name}.parquet")
        assert frame.schema == schema_of(fact.columns), fact.name
    assert pl.read_parquet(tmp_path / "tables" / "lake" / "smtp_auth" / "*.parquet").height > 0


def test_nobody_else_can_read_it(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    zeeksmtp("export", leak, "-o", "tables")
    paths = [tmp_path / "tables", *(tmp_path / "tables").rglob("*")]
    assert len(paths) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600, 0o700}


@pytest.mark.parametrize(("name", "said"), [("full", "full is not empty"), ("file", "file is not a folder")])
def test_a_place_that_is_taken_is_refused(zeeksmtp: Run, leak: Path, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "old").touch()
    (tmp_path / "file").touch()
    ended = zeeksmtp("export", leak, "-o", name)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert said in ended.err


def test_an_empty_folder_will_do(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert zeeksmtp("export", leak, "-o", "empty").code == ExitCode.OK


def test_no_input(zeeksmtp: Run, tmp_path: Path) -> None:
    assert zeeksmtp("export", "/nowhere", "-o", "tables").code == ExitCode.NO_INPUT
