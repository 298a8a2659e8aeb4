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

from tests.cases import LOGS, frame
from tests.simulation import write
from tests.simulation.site import Site as SimulatedSite
from tests.simulation.world import simulate
from zeeksmtp.model import Context, Site, Window
from zeeksmtp.pipeline import days_of, detectors, engine_named, facts, judge
from zeeksmtp.tables import Maker

MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)
TLS: dict[str, Any] = {"version": "TLSv10", "cipher": "TLS_RSA_WITH_RC4_128_SHA", "server_name": "mail"}
NUMBERED = {"smtp": "trans_depth", "smtp_cmd": "seq", "smtp_auth": "seq"}


def made(lake: Path, folder: Path, small: int, site: Site | None = None) -> dict[str, pl.DataFrame]:
    """Make every fact over a lake; give its rows in a fixed order."""
    tables = Maker(lake, folder, LOGS, engine_named("local"), Context(site or Site()), small=small).tables()
    return {fact.name: sorted_rows(tables[fact.name].collect()) for fact in facts()}


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


@settings(max_examples=25)
@given(st.lists(connections, min_size=1, max_size=6), st.sampled_from(["UTC", "Asia/Kolkata", "America/Havana"]))
def test_facts_of_pieces_are_those_of_the_whole(made_up: list[dict[str, Any]], timezone: str) -> None:
    # Sensors that saw different starts and log the same line after midnight are two sessions of two days: left out.
    made_up = [spec | {"lines": spec["lines"] if not spec["sensors_apart"] else []} for spec in made_up]
    logs = {log: frame(rows, LOGS[log].columns) for log, rows in rows_of(made_up).items() if rows}
    if not logs:
        return
    with tempfile.TemporaryDirectory() as name:
        lake = write.lake(logs, Path(name) / "lake")
        site = Site(timezone=timezone)
        assert differing(made(lake, Path(name), 0, site), made(lake, Path(name), 10**9, site)) == []


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


def test_a_simulated_site_in_pieces_is_the_same_site(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    assert differing(made(lake, tmp_path, 0, site), made(lake, tmp_path, 10**9, site)) == []
    assert len(list((tmp_path / "pieces" / "session").iterdir())) >= 3


def test_a_lake_is_as_large_as_its_connections_make_it(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    rows = sum(pl.scan_parquet(lake / log / "*.parquet").select(pl.len()).collect().item() for log in ("conn", "smtp"))
    for log in set(LOGS) - {"conn", "smtp"}:
        for part in (lake / log).glob("*"):
            part.unlink()
    made(lake, tmp_path, rows * 3, site)
    assert not (tmp_path / "pieces").exists()
    made(lake, tmp_path, rows, site)
    assert (tmp_path / "pieces").exists()


@pytest.mark.parametrize("since", [None, timedelta(days=1, hours=7)])
def test_what_detectors_find_in_pieces_they_find_in_the_whole(since: timedelta | None, tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    first = pl.scan_parquet(lake / "conn" / "*.parquet").select(pl.col("ts").min()).collect().item()
    context = Context(site, Window(first + since if since else None))
    days = [fact for detector in detectors() for fact in days_of(detector, detector.params(), context)]
    engine, found = engine_named("local"), []
    for small in (0, 10**9):
        tables = Maker(lake, tmp_path, LOGS, engine, context, days, small).tables()
        plans = [(detector, judge(detector, tables, detector.params(), context)) for detector in detectors()]
        found.append([(d.id, sorted(plan.collect().to_dicts(), key=lambda row: row["key"])) for d, plan in plans])
    assert len({name for name, rows in found[0] if rows}) >= 5, "the site must give something to find"
    assert found[0] == found[1]


def test_only_days_with_new_rows_are_made_anew(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    made(lake, tmp_path, 0, site)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "pieces" / "session").iterdir()}
    made(lake, tmp_path, 0, site)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "pieces" / "session").iterdir()} == before
    newest = max(pl.read_parquet(path)["ts"].max() for path in before)  # type: ignore[type-var]
    late = frame(
        [{"uid": "Clate", "client": "10.0.1.5", "server": "10.0.0.25", "port": 25, "ts": newest}], LOGS["conn"].columns
    )
    write.lake({"conn": late}, lake, "late")
    again = made(lake, tmp_path, 0, site)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "pieces" / "session").iterdir()}
    assert len(after.items() & before.items()) == len(before) - 1
    assert differing(again, made(lake, tmp_path, 10**9, site)) == []


def test_a_large_lake_may_have_no_row_before_the_end_of_the_window(tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    before_all = Window(until=MIDNIGHT - timedelta(days=3650))
    tables = Maker(lake, tmp_path, LOGS, engine_named("local"), Context(site, before_all), small=0).tables()
    assert [len(tables[fact.name].collect()) for fact in facts() if fact.name in {"session", "volume"}] == [0, 0]


@pytest.mark.parametrize("log", ["conn", "smtp_session", "ssl"])
def test_pieces_need_no_log_in_particular(log: str, tmp_path: Path) -> None:
    lake, site = world_of_days(tmp_path)
    for part in (lake / log).iterdir():
        part.unlink()
    assert differing(made(lake, tmp_path, 0, site), made(lake, tmp_path, 10**9, site)) == []


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
    assert made(tmp_path / "lake", tmp_path, 0)["message"]["tls"].to_list() == [True]
    other = {**own, "uid": "C2", "client_port": 4002, "ts": MIDNIGHT + timedelta(days=2), "established": True}
    write.lake({"ssl": frame([other], LOGS["ssl"].columns)}, tmp_path / "lake")
    assert made(tmp_path / "lake", tmp_path, 0)["message"]["tls"].to_list() == [False]
