"""Guards that a large lake's facts, made day by day, are those of the whole, and that only the changed is made anew."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation import write
from simulation.site import Site as SimulatedSite
from simulation.world import simulate
from tests.cases import LOGS, frame
from tests.conftest import EXAMPLES_OF_REPORTS
from zeeksmtp.materialize import Materializer
from zeeksmtp.model import Context, Site, Window
from zeeksmtp.pipeline import detectors, engine_named, facts, judge

MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)
TLS: dict[str, Any] = {"version": "TLSv10", "cipher": "TLS_RSA_WITH_RC4_128_SHA", "server_name": "mail"}
NUMBERED = {"smtp": "trans_depth", "smtp_cmd": "seq", "smtp_auth": "seq"}


WHOLE = 10**9
Frames = dict[str, pl.LazyFrame]


def tables_of(lake: Path, folder: Path, context: Context, small_rows: int, min_rows: int = 0) -> Frames:
    return Materializer(lake, folder, LOGS, engine_named("local"), context, small_rows, min_rows).tables()


def computed(lake: Path, folder: Path, small_rows: int, site: Site | None = None) -> dict[str, pl.DataFrame]:
    """Compute every fact over a lake; return its rows in a fixed order."""
    tables = tables_of(lake, folder, Context(site or Site()), small_rows)
    return {fact.name: sorted_rows(tables[fact.name].collect()) for fact in facts()}


def files_of(folder: Path, fact: str) -> dict[Path, int]:
    """Return the files of a fact's days with the time at which each was written."""
    return {path: path.stat().st_mtime_ns for path in (folder / "days" / fact).iterdir()}


def sorted_rows(rows: pl.DataFrame) -> pl.DataFrame:
    flat = [name for name, dtype in rows.schema.items() if not dtype.is_nested()]
    return rows.sort(flat, nulls_last=True)


def differing(one: Mapping[str, pl.DataFrame], other: Mapping[str, pl.DataFrame]) -> list[str]:
    return [name for name in one if not one[name].equals(other[name])]


connections = st.fixed_dictionaries(
    {
        "client": st.sampled_from(["10.0.1.5", "10.0.1.6"]),
        "client_port": st.sampled_from([40001, 40002]),
        "server": st.sampled_from(["10.0.0.25", "203.0.113.9", "40.101.1.2"]),
        "port": st.sampled_from([25, 587]),
        "start": st.integers(-2000, 2000).map(lambda n: n * 60),  # about three days, in whole minutes
        "uids": st.sampled_from([("C1",), ("C2",), ("C3",), ("C4", "C5")]),
        "sensors_apart": st.sampled_from([0, 0, 90]),
        "lines": st.lists(st.tuples(st.sampled_from(sorted({*NUMBERED, "ssl"})), st.integers(0, 2000)), max_size=4),
        "logs": st.sets(st.sampled_from(["conn", "smtp_session"])),
        "flags": st.sampled_from([(True, True), (True, False), (None, None)]),
    }
)


def rows_of(made_up: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Write connections as log lines; every sensor logs all of them."""
    rows: dict[str, list[dict[str, Any]]] = {log: [] for log in LOGS}
    for number, spec in enumerate(made_up):
        ends = {name: spec[name] for name in ("client", "client_port", "server", "port")}
        for sensor, uid in enumerate(spec["uids"]):
            start = MIDNIGHT + timedelta(seconds=spec["start"] + sensor * spec["sensors_apart"])
            own = {**ends, "uid": f"{uid}x{number}", "ts": start}
            flags = dict(zip(("local_orig", "local_resp"), spec["flags"], strict=True))
            if "conn" in spec["logs"]:
                rows["conn"].append({**own, **flags, "conn_state": "SF", "history": "ShADad", "orig_bytes": 100})
            if "smtp_session" in spec["logs"]:
                rows["smtp_session"].append({**own, "helo": "me", "commands": 3})
                rows["x509"].append({"ts": start, "fingerprint": spec["server"], "san.dns": ["mx.corp.example"]})
                rows["dns"].append({**own, "query": "smtp.office365.com", "answers": [spec["server"]]})
            for place, (log, minutes) in enumerate(spec["lines"]):
                count = {NUMBERED[log]: place} if log in NUMBERED else TLS | {"cert_chain_fps": [spec["server"]]}
                rows[log].append({**own, **count, "ts": start + timedelta(minutes=minutes)})
    return rows


@settings(max_examples=EXAMPLES_OF_REPORTS)
@given(st.lists(connections, min_size=1, max_size=6), st.sampled_from(["UTC", "Asia/Kolkata", "America/Havana"]))
def test_facts_of_days_are_those_of_the_whole(made_up: list[dict[str, Any]], timezone: str) -> None:
    # Sensors that saw different starts and log the same line after midnight are two sessions of two days: left out.
    made_up = [spec | {"lines": spec["lines"] if not spec["sensors_apart"] else []} for spec in made_up]
    logs = {log: frame(rows, LOGS[log].columns) for log, rows in rows_of(made_up).items() if rows}
    if not logs:
        return
    with tempfile.TemporaryDirectory() as name:
        lake = write.lake(logs, Path(name) / "lake")
        site = Site(timezone=timezone)
        assert differing(computed(lake, Path(name), 0, site), computed(lake, Path(name), WHOLE, site)) == []


def world_of_days(folder: Path) -> tuple[Path, Site]:
    world = simulate(SimulatedSite(2, hosts=15, days=3, traffic=0.3), {"enumeration": 1, "guess-success": 1})
    for day, (since, until) in enumerate(((None, 1), (1, 2), (2, None))):
        begin = world.logs["conn"]["ts"].min()
        assert isinstance(begin, datetime)
        within = Window(
            begin + timedelta(days=since) if since else None, begin + timedelta(days=until) if until else None
        ).covers()
        write.lake({log: rows.filter(within) for log, rows in world.logs.items()}, folder / "lake", f"day-{day}")
    return folder / "lake", world.site.context.site


def test_a_simulated_site_by_days_is_the_same_site(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    assert differing(computed(lake, tmp_path, 0, site), computed(lake, tmp_path, WHOLE, site)) == []
    assert len(files_of(tmp_path, "session")) >= 3


def test_a_lake_is_as_large_as_its_connections_make_it(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    rows = sum(pl.scan_parquet(lake / log / "*.parquet").select(pl.len()).collect().item() for log in ("conn", "smtp"))
    for log in set(LOGS) - {"conn", "smtp"}:
        for part in (lake / log).glob("*"):
            part.unlink()
    computed(lake, tmp_path, rows * 3, site)
    assert not (tmp_path / "days").exists()
    computed(lake, tmp_path, rows, site)
    assert (tmp_path / "days").exists()


@pytest.mark.parametrize("since", [None, timedelta(days=1, hours=7)])
def test_what_detectors_find_by_days_they_find_in_the_whole(since: timedelta | None, tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    first = pl.scan_parquet(lake / "conn" / "*.parquet").select(pl.col("ts").min()).collect().item()
    context = Context(site, Window(first + since if since else None))
    found = []
    for small_rows in (0, WHOLE):
        tables = tables_of(lake, tmp_path, context, small_rows)
        plans = [(detector, judge(detector, tables, detector.params(), context)) for detector in detectors()]
        found.append([(d.id, sorted(plan.collect().to_dicts(), key=lambda row: row["key"])) for d, plan in plans])
    assert len({name for name, rows in found[0] if rows}) >= 5, "the site must give something to find"
    assert found[0] == found[1]


def test_only_days_with_new_rows_are_made_anew(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    computed(lake, tmp_path, 0, site)
    before = files_of(tmp_path, "session")
    computed(lake, tmp_path, 0, site)
    assert files_of(tmp_path, "session") == before
    for number, day in enumerate(sorted(pl.read_parquet(path)["ts"].max() for path in before)):  # type: ignore[type-var]
        late = {"uid": f"C{number}", "client": "10.0.1.5", "server": "10.0.0.25", "port": 25, "ts": day}
        write.lake({"conn": frame([late], LOGS["conn"].columns)}, lake, f"late-{number}")
        again = computed(lake, tmp_path, 0, site)
        after = files_of(tmp_path, "session")
        assert len(after.items() & before.items()) == len(before) - 1, "late lines reopen their day alone"
        before = after
    assert differing(again, computed(lake, tmp_path, WHOLE, site)) == []


def test_lines_after_midnight_belong_to_the_day_of_their_connection(tmp_path: Path) -> None:
    own = {"uid": "C1", "client": "203.0.113.9", "client_port": 4001, "server": "10.0.0.25", "port": 25}
    start, other = MIDNIGHT - timedelta(minutes=1), MIDNIGHT + timedelta(hours=9)
    session = {**own, "ts": start, "commands": 3}
    next_day = {**own, "uid": "C2", "client_port": 4002, "ts": other, "commands": 1}
    commands = [{**own, "seq": n, "command": "NOOP", "ts": start + timedelta(minutes=n)} for n in range(3)]
    lake = write.lake(
        {
            "smtp_session": frame([session, next_day], LOGS["smtp_session"].columns),
            "smtp_cmd": frame(commands, LOGS["smtp_cmd"].columns),
        },
        tmp_path / "lake",
    )
    computed(lake, tmp_path, 0)
    assert sorted(len(pl.read_parquet(path)) for path in files_of(tmp_path, "command")) == [0, 3]
    more = {**own, "seq": 3, "command": "QUIT", "ts": start + timedelta(minutes=3)}
    write.lake({"smtp_cmd": frame([more], LOGS["smtp_cmd"].columns)}, lake, "late")
    computed(lake, tmp_path, 0)
    assert sorted(len(pl.read_parquet(path)) for path in files_of(tmp_path, "command")) == [0, 4]


def test_days_with_few_rows_are_computed_together(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    tables_of(lake, tmp_path, Context(site), 0, min_rows=WHOLE)
    assert len(files_of(tmp_path, "session")) <= 2  # days are counted from 1970: three may lie in two partitions


def test_a_large_lake_may_have_no_row_before_the_end_of_the_window(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    before_all = Window(until=MIDNIGHT - timedelta(days=3650))
    tables = tables_of(lake, tmp_path, Context(site, before_all), 0)
    assert [len(tables[fact.name].collect()) for fact in facts() if fact.name in {"session", "volume"}] == [0, 0]


@pytest.mark.parametrize("log", ["conn", "smtp_session", "ssl"])
def test_days_need_no_log_in_particular(log: str, tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    for part in (lake / log).iterdir():
        part.unlink()
    assert differing(computed(lake, tmp_path, 0, site), computed(lake, tmp_path, WHOLE, site)) == []


def test_what_a_new_log_says_of_all_days_reaches_all_tables(tmp_path: Path) -> None:
    # With the first ssl.log, sessions that it lacks are in clear: also those of days without a new row.
    own = {"uid": "C1", "client": "10.0.1.5", "client_port": 4001, "server": "203.0.113.9", "port": 25, "ts": MIDNIGHT}
    conn, mail = (
        {**own, "conn_state": "SF", "service": "smtp,ssl"},
        {**own, "trans_depth": 1, "mailfrom": "a@b.example"},
    )
    write.lake(
        {log: frame([row], LOGS[log].columns) for log, row in (("conn", conn), ("smtp", mail))}, tmp_path / "lake"
    )
    assert computed(tmp_path / "lake", tmp_path, 0)["message"]["tls"].to_list() == [True]
    other = {**own, "uid": "C2", "client_port": 4002, "ts": MIDNIGHT + timedelta(days=2), "established": True}
    write.lake({"ssl": frame([other], LOGS["ssl"].columns)}, tmp_path / "lake")
    assert computed(tmp_path / "lake", tmp_path, 0)["message"]["tls"].to_list() == [False]
