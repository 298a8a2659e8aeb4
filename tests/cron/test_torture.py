"""Passes that are killed (`kill -9`) at random moments over a growing folder end where undisturbed ones do.

`KILLS` in the environment says how many; `make torture` sets 200.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.conftest import ROOT
from tests.cron._growing import Growing
from zeeksmtp.state import findings
from zeeksmtp.state.incidents import remembered_incidents
from zeeksmtp.state.store import NAME, open_store

KILLS = int(os.environ.get("KILLS", "6"))
STEPS = max(4, KILLS // 4)
SEED = int(os.environ.get("SEED", "5"))
DYING = Path(__file__).with_name("_dying.py")

SENT = """#!/bin/sh
cat >"$0.d/$REPORT_ID.part" && mv "$0.d/$REPORT_ID.part" "$0.d/$REPORT_ID" && echo "$REPORT_ID" >>"$0.log"
"""


@dataclass
class Site:
    """A log folder, a state and what carries reports away."""

    home: Path
    killed: Counter[str] = field(default_factory=Counter)
    whole_ones: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.home / "logs").mkdir(parents=True)
        (self.home / "carry.d").mkdir()
        (self.home / "carry").write_text(SENT)
        (self.home / "carry").chmod(0o700)
        config = [
            f'log_dir = "{self.home / "logs"}"',
            f'state_dir = "{self.home / "state"}"',
            "settle_seconds = 0",
            f'[report_command]\nrun = ["{self.home / "carry"}"]\nformat = "json"',
        ]
        (self.home / "zeeksmtp.toml").write_text("\n".join(config))

    def start(self, last: int = 0) -> subprocess.Popen[str]:
        """Start a pass that dies at its moment number `last`; 0: it lives."""
        words = [sys.executable, str(DYING), str(last), "cron", "--quiet", "--config", str(self.home / "zeeksmtp.toml")]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def whole(self) -> None:
        """Run a pass to its end; remember how many moments it had, and seconds."""
        began = time.monotonic()
        process = self.start()
        _, said = process.communicate()
        assert process.returncode == 0, said
        self.whole_ones.append((int(said.split()[-1]), time.monotonic() - began))

    def kill_one(self, chance: random.Random, moments: int, seconds: float) -> None:
        """Start a pass and kill it: at a random time, or at a random thing that it does. Count it, if it died."""
        before = self.passes()
        if chance.random() < 0.5:
            process = self.start(chance.randint(1, moments))
            process.communicate()
        else:
            process = self.start()
            time.sleep(chance.uniform(0, seconds))
            process.kill()
            process.communicate()
        if process.returncode < 0:
            self.killed["after it counted" if self.passes() > before else "before it counted"] += 1

    def passes(self) -> int:
        """Return the number of passes that count."""
        path = self.home / "state" / NAME
        if not path.exists():
            return 0
        with sqlite3.connect(path) as state:
            try:
                found: int = state.execute("select count(*) from pass").fetchone()[0]
            except sqlite3.OperationalError:
                found = 0
        state.close()
        return found

    def ends(self) -> dict[str, Any]:
        """Return all that has to be equal in the end."""
        state = sqlite3.connect(self.home / "state" / NAME)
        live = state.execute("select log, name, rows from part").fetchall()
        waiting = state.execute("select count(*) from outbox where report is not null").fetchone()[0]
        envelopes = {row[0] for row in state.execute("select envelope from outbox")}
        state.close()
        rows = Counter[str]()
        for log, name, count in live:
            part = pl.read_parquet(self.home / "state" / "lake" / log / name)
            assert len(part) == count
            rows.update(f"{log} {row}" for row in part.write_ndjson().splitlines())
        there = {(path.parent.name, path.name) for path in (self.home / "state" / "lake").glob("*/*")}
        carried = (self.home / "carry.log").read_text().split()
        assert set(carried) == envelopes == {path.name for path in (self.home / "carry.d").iterdir()}
        with open_store(self.home / "state" / NAME) as store, store.transaction() as connection:
            known = findings.remembered_findings(connection)
            incidents = remembered_incidents(connection, {id_: k.finding for id_, k in known.items()})
        return {
            "findings": known,
            "incidents": incidents,
            "rows": rows,
            "orphans": there - {(log, name) for log, name, _ in live},
            "waiting": waiting,
            "news": self._news(),
        }

    def _news(self) -> list[tuple[str, ...]]:
        """Return what was reported as new, report by report."""
        reports = [json.loads(path.read_text()) for path in (self.home / "carry.d").iterdir()]
        new = [tuple(f["id"] for f in report["findings"] if f["state"] == "new") for report in reports]
        return sorted(new)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site whose passes all came to their end."""
    site = Site(tmp_path_factory.mktemp("undisturbed"))
    for _ in Growing(site.home / "logs", SEED, STEPS):
        site.whole()
    return site


def test_killed_passes_end_where_others_do(undisturbed: Site, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    site = Site(tmp_path / "killed")
    folder = iter(Growing(site.home / "logs", SEED, STEPS))
    for step, (moments, seconds) in enumerate(undisturbed.whole_ones, 1):
        next(folder)
        before = site.passes()
        # A pass that counts before it was killed has done its work: the folder grows on.
        while site.killed.total() < KILLS * step // STEPS and site.passes() == before:
            site.kill_one(chance, moments, seconds)
        if site.passes() == before:
            site.whole()
        assert site.passes() <= before + 1
    while site.killed.total() < KILLS:
        site.kill_one(chance, 40, seconds)
    site.whole()
    want, got = undisturbed.ends(), site.ends()
    assert len(want["findings"]) > 10 and sum(want["rows"].values()) > 1000 and len(want["news"]) > 1
    assert got == want
    assert got["orphans"] == set() and got["waiting"] == 0
