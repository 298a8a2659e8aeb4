"""The id of a finding stays while its attack goes on: more clients, servers, rows and hours change none.

The rows of each case that fires are the attack so far. It grows by copies of these rows under other client addresses,
at other servers, and by later copies of its last session. Two exceptions, by the contract: what looked like exposed
passwords may turn out to be guesses, which expose nobody; and STARTTLS is withheld from a client by contrast with most
others, which ends where half of them are not offered it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import polars as pl
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.cases import DETECTORS, Case, Frames, cases, found
from tests.conftest import EXAMPLES_OF_REPORTS
from zeeksmtp.detectors._guessing import refused_guessers
from zeeksmtp.model import Finding

FIRING: dict[str, list[Case]] = defaultdict(list)
for _case in cases():
    if _case.fires and _case.logs is not None:
        FIRING[_case.detector.id].append(_case)

EXPOSURES = ("cleartext-credentials", "cleartext-token", "crackable-auth")
_V4 = r"^(\d+)\.(\d+)\.(\d+)\.(\d+)$"


@dataclass(frozen=True)
class Growth:
    """How an attack grows.

    Attributes:
        clients: Copies of all rows under other client addresses.
        neighbours: These are in the networks of the first ones, else in others of the same /16.
        servers: The copies go to other servers, too.
        sessions: Later copies of the last session.
        every: Time from one of these to the next.
    """

    clients: int
    neighbours: bool
    servers: bool
    sessions: int
    every: timedelta


growths = st.builds(
    Growth,
    clients=st.integers(0, 3),
    neighbours=st.booleans(),
    servers=st.booleans(),
    sessions=st.integers(0, 12),
    every=st.timedeltas(timedelta(seconds=1), timedelta(days=2)),
)


def _moved(address: str, number: int, *, octet: int) -> pl.Expr:
    """Return another address, of the same side of the boundary of the site."""
    parts = [pl.col(address).str.extract(_V4, n) for n in (1, 2, 3, 4)]
    changed = (parts[octet].cast(pl.Int64) + 60 * number) % 250 + 1
    parts[octet] = changed.cast(pl.String)
    return pl.coalesce(pl.concat_str(parts, separator="."), address).alias(address)


def _copies(logs: dict[str, pl.DataFrame], number: int, growth: Growth) -> dict[str, pl.DataFrame]:
    moves = [_moved("id.orig_h", number, octet=3 if growth.neighbours else 2)]
    moves += [_moved("id.resp_h", number, octet=3)] * growth.servers
    uid = (pl.col("uid") + f"-c{number}").alias("uid")
    return {name: frame.with_columns(uid, *moves) for name, frame in logs.items()}


def _later(logs: dict[str, pl.DataFrame], growth: Growth) -> list[dict[str, pl.DataFrame]]:
    """Return copies of the last session, one each `growth.every` after the end of the attack so far."""
    rows = pl.concat([frame.select("ts", "uid") for frame in logs.values()])
    last, end = rows.sort("ts", "uid")["uid"][-1], rows["ts"].max()
    start = rows.filter(pl.col("uid") == last)["ts"].min()
    assert isinstance(end, datetime)
    assert isinstance(start, datetime)
    session = {name: frame.filter(pl.col("uid") == last) for name, frame in logs.items()}
    return [
        {
            name: frame.with_columns(
                pl.col("ts") + (end - start) + (n + 1) * growth.every, (pl.col("uid") + f"-t{n}").alias("uid")
            )
            for name, frame in session.items()
        }
        for n in range(growth.sessions)
    ]


def _grown(case: Case, growth: Growth) -> Frames:
    every = {name: frame.collect() for name, frame in case.log_frames().items()}
    logs = {name: frame for name, frame in every.items() if "uid" in frame.columns}  # x509.log is about no session
    more = [_copies(logs, number + 1, growth) for number in range(growth.clients)] + _later(logs, growth)
    grown = {name: pl.concat([frame, *(part[name] for part in more)]) for name, frame in logs.items()}
    return {name: frame.lazy() for name, frame in {**every, **grown}.items()}


@cache
def _before(detector: str, number: int) -> dict[str, Finding]:
    """Return the findings of a case as it stands, by id."""
    return {finding.id: finding for finding in found(FIRING[detector][number])}


def _guessers(case: Case, tables: Frames) -> set[str]:
    """Return the clients that `password-guessing`, as the case configures it, finds in the grown attack."""
    return set(refused_guessers(tables, case.context).collect()["client"])


def _rests_on_contrast(finding: Finding) -> bool:
    return any(term.name == "sessions_withheld" and term.value > 0 for term in finding.evidence.terms)


def test_every_detector_has_an_attack_to_grow() -> None:
    assert FIRING.keys() == DETECTORS.keys()


@pytest.mark.parametrize("detector", DETECTORS)
@settings(max_examples=EXAMPLES_OF_REPORTS)
@given(data=st.data())
def test_growth_changes_no_id(detector: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(FIRING[detector]) - 1), label="case")
    growth = data.draw(growths, label="growth")
    case = FIRING[detector][number]
    note(case.name)
    tables = case.facts(_grown(case, growth))
    grown = {finding.id for finding in case.findings_in(tables)}
    missing = {id_: finding for id_, finding in _before(detector, number).items() if id_ not in grown}
    if detector in EXPOSURES:
        guessers = _guessers(case, tables)
        missing = {id_: finding for id_, finding in missing.items() if not guessers & set(finding.clients)}
    if growth.clients:
        missing = {id_: finding for id_, finding in missing.items() if not _rests_on_contrast(finding)}
    assert not missing


@pytest.mark.parametrize("detector", DETECTORS)
def test_no_two_findings_have_one_id(detector: str) -> None:
    for case in FIRING[detector]:
        ids = [finding.id for finding in found(case)]
        assert len(ids) == len(set(ids)), case.name
