"""For one host: what each detector saw of it, and why it fired or stayed silent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import log
from typing import Any

import polars as pl

from zeeksmtp.entity_view.relaxation import Relaxation
from zeeksmtp.entity_view.shapes import DetectorView, HostExplanation
from zeeksmtp.model import Context, Detector, Finding, Params, alternatives
from zeeksmtp.pipeline import Analysis, detectors, judge
from zeeksmtp.report.findings import findings_of

_HOST_COLUMNS = ("client", "server", "host")
_NOT_EVENTS = frozenset({"role", "host_name", "coverage"})
"""Tables that say what a host is; what it did stands in the others."""
_DETECTORS_AT_ONCE = 2


def explain_host(made: Analysis, address: str) -> HostExplanation | None:
    """Return what each detector saw of a host; `None` if no table names it."""
    seen = _rows_by_table(made, address)
    if not seen:
        return None
    with ThreadPoolExecutor(_DETECTORS_AT_ONCE, thread_name_prefix="explain") as pool:
        views = pool.map(lambda detector: _Explained(made, address, detector, seen).view(), detectors())
        return HostExplanation(host=address, detectors=tuple(views))


def _rows_by_table(made: Analysis, address: str) -> dict[str, int]:
    """Count the rows that name the host, by table; tables without any are left out."""
    counts = []
    for name, table in made.tables.items():
        sides = [pl.col(column) == address for column in table.collect_schema().names() if column in _HOST_COLUMNS]
        if sides and name not in _NOT_EVENTS:
            counts.append(
                table.filter(pl.any_horizontal(sides)).select(pl.lit(name).alias("table"), pl.len().alias("rows"))
            )
    counted = made.engine.collect(pl.concat(counts)).filter(pl.col("rows") > 0)
    return dict(counted.sort("table").iter_rows())


class _Explained:
    """One detector about one host."""

    def __init__(self, made: Analysis, address: str, detector: Detector, seen: dict[str, int]) -> None:
        self._made, self._address, self._detector = made, address, detector
        self._rows = {name: seen[name] for name in detector.needs if name in seen}

    def view(self) -> DetectorView:
        """Return what the detector saw, and why it fired or stayed silent."""
        detector, about = self._detector, partial(DetectorView, detector=self._detector.id, rows=self._rows)
        if self._made.report.coverage.detectors.get(detector.id) == "blind":
            return about(status="logs-missing", missing=self._missing())
        params, context = self._made.request.settings.params(detector.id), self._made.request.context
        fired = self._run(params, context)
        if not fired.is_empty():
            findings = self._worded(fired)
            return about(status="fired", findings=findings, left_out=not self._is_reported(findings))
        if not self._rows:
            return about(status="no-rows")
        return about(**self._silent(Relaxation(detector, params, context, self._run)))

    def _is_reported(self, findings: tuple[Finding, ...]) -> bool:
        """Return whether the report has one of the findings, or one that stands for it (`correlate/joining.py`)."""
        ids = {finding.id for finding in findings}
        own = [f for f in self._made.report.findings if f.detector == self._detector.id]
        return any(f.id in ids or self._address in (*f.clients, *f.servers) for f in own)

    def _silent(self, relaxation: Relaxation) -> dict[str, Any]:
        needed = relaxation.needed()
        if needed:
            settings, findings = tuple(setting for setting, _ in needed), self._worded(needed[0][1])
            about = {"status": "below-threshold", "settings": settings, "findings": findings}
            # Only with the operator's own settings of the test is its score that of the alarm.
            tests = [f.evidence.test for f in findings if f.evidence.test and settings[0].setting == "alpha"]
            alarm_at = log(1 / self._made.request.settings.alpha)
            return {**about, "score": max(t.score for t in tests), "alarm_at": alarm_at} if tests else about
        together = relaxation.together()
        return {"status": "not-met" if together.is_empty() else "below-thresholds", "findings": self._worded(together)}

    def _run(self, params: Params, context: Context) -> pl.DataFrame:
        names_it = pl.any_horizontal(pl.col(side).list.contains(self._address) for side in ("clients", "servers"))
        plan = judge(self._detector, self._made.tables, params, context)
        return self._made.engine.collect(plan.filter(names_it))

    def _worded(self, rows: pl.DataFrame) -> tuple[Finding, ...]:
        return tuple(findings_of(self._detector, rows)) if len(rows) else ()

    def _missing(self) -> tuple[str, ...]:
        present = {log for log, there in self._made.report.coverage.logs.items() if there}
        needs = self._detector.required_logs or self._detector.inferred_from
        return tuple(need for need in needs if not present.intersection(alternatives(need)))
