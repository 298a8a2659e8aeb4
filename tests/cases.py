"""The detectors' cases, in the form that `fixtures/detectors/README.md` describes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import polars as pl
import yaml

import zeeksmtp.detectors
import zeeksmtp.facts
import zeeksmtp.logs
from zeeksmtp import registry
from zeeksmtp.dtypes import schema_of
from zeeksmtp.model import Column, Context, Detector, Fact, Finding, Hosts, Log, Severity, Site, Window
from zeeksmtp.pipeline import facts, judge
from zeeksmtp.report import findings_of

FOLDER = Path(__file__).parents[1] / "fixtures" / "detectors"
BASE = datetime(2026, 11, 2, tzinfo=UTC)

DETECTORS: Mapping[str, Detector] = {d.id: d for d in registry.discover(zeeksmtp.detectors, "DETECTOR").values()}
FACTS: Mapping[str, Fact] = {f.name: f for f in registry.discover(zeeksmtp.facts, "FACT").values()}
IN_ORDER: Sequence[Fact] = facts()
LOGS: Mapping[str, Log] = {log.name: log for log in registry.discover(zeeksmtp.logs, "LOG").values()}

_OFFSET = re.compile(r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?")
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_SHORT = {"client": "id.orig_h", "client_port": "id.orig_p", "server": "id.resp_h", "port": "id.resp_p"}

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where it is there, reads the cases in a fifth of the time."""

Frames = dict[str, pl.LazyFrame]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One case of a detector, as it stands in the file."""

    detector: Detector
    name: str
    why: str
    tables: Mapping[str, Any] | None = None
    logs: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    site: Mapping[str, Any] = field(default_factory=dict)
    window: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alpha: float = 1e-6
    false_discovery_rate: float = 0.01
    expect: Sequence[Mapping[str, Any]] = ()
    expect_at_most: Severity | None = None

    @property
    def fires(self) -> bool:
        """Return whether the detector must fire."""
        return self.name.startswith("fires_")

    @property
    def context(self) -> Context:
        """Return the context that the case describes."""
        nets = tuple(ip_network(net) for net in self.site.get("local_nets", ()))
        roles = tuple(sorted(self.site.get("roles", {}).items()))
        window = Window(**{name: moment(value) for name, value in self.window.items()})
        config = {**self.config, self.detector.id: self.params}
        params = {name: detector.params(**config.get(name, {})) for name, detector in DETECTORS.items()}
        site = Site(nets, self.site.get("timezone", "UTC"), roles, self.site.get("geo"))
        return Context(site, window, self.alpha, self.false_discovery_rate, params)

    def frames(self, shuffle: int | None = None) -> Frames:
        """Return the tables, with their rows in the order of the seed `shuffle` if there is one."""
        if self.logs is not None:
            return self.facts(self.log_frames(shuffle))
        return _frames(self.tables or {}, {**LOGS, **FACTS}, shuffle)

    def log_frames(self, shuffle: int | None = None) -> Frames:
        """Return the Zeek logs of the case."""
        return _frames(self.logs or {}, LOGS, shuffle)

    def facts(self, logs: Frames) -> Frames:
        """Return `logs` with the facts that the detector rests on, each computed once as in the pipeline."""
        needed, known = _behind((*self.detector.needs, "role")), dict(logs)
        for fact in IN_ORDER:
            if fact.name in needed:
                known[fact.name] = fact.plan(known, self.context).collect().lazy()
        return known

    def findings(self, shuffle: int | None = None) -> list[Finding]:
        """Return what the detector, and nothing else, finds in the case's tables."""
        return self.findings_in(self.frames(shuffle))

    def findings_in(self, tables: Frames) -> list[Finding]:
        """Return what the detector finds in `tables`."""
        params = self.detector.params(**self.params)
        rows = judge(self.detector, tables, params, self.context).collect()
        hosts = Hosts(tables["role"].select("host", "role", "local").collect().iter_rows())
        return sorted(findings_of(self.detector, rows, hosts), key=lambda finding: finding.id)


@cache
def found(case: Case) -> list[Finding]:
    """Return what the detector finds in a case; tests that only look at it need not compute it again."""
    return case.findings()


@cache
def _behind(needs: tuple[str, ...]) -> frozenset[str]:
    """Return the tables that are needed for `needs`."""
    more = [need for name in needs if name in FACTS for need in FACTS[name].needs]
    return frozenset(needs) | (_behind(tuple(more)) if more else frozenset())


@cache
def cases() -> Sequence[Case]:
    """Read every case of every file."""
    return [
        Case(detector=DETECTORS[file.stem], **case)
        for file in sorted(FOLDER.glob("*.yml"))
        for case in yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - it is a safe one
    ]


def seconds(value: object) -> float:
    """Read an offset: a number of seconds, or `1d2h3m4s`."""
    if isinstance(value, int | float):
        return float(value)
    match = _OFFSET.fullmatch(str(value))
    assert match, f"{value!r} is no offset like 90s, 5m, 2h30m, 3d"
    return sum(float(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count)


def moment(value: object) -> datetime:
    """Read a time: ISO, or an offset from `BASE`."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    if isinstance(value, str) and re.match(r"\d{4}-", value):
        return moment(datetime.fromisoformat(value))
    return BASE + timedelta(seconds=seconds(value))


def _frames(given: Mapping[str, Any], specs: Mapping[str, Log | Fact], shuffle: int | None) -> Frames:
    unknown = given.keys() - specs.keys()
    assert not unknown, f"no such table: {sorted(unknown)}; there are {sorted(specs)}"
    return {name: frame(given.get(name, ()), spec.columns, shuffle).lazy() for name, spec in specs.items()}


def frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], shuffle: int | None = None) -> pl.DataFrame:
    """Return a typed frame of a case's rows."""
    types = {column.name: column.type for column in columns}
    typed = [_typed(row, types) for row in _expanded(rows)]
    table = pl.DataFrame(typed, schema=schema_of(columns), orient="row")
    return table if shuffle is None else table.sample(fraction=1, shuffle=True, seed=shuffle)


def _typed(row: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    named = {name if name in types else _SHORT.get(name, name): value for name, value in row.items()}
    unknown = named.keys() - types.keys()
    assert not unknown, f"no such column: {sorted(unknown)}; there are {sorted(types)}"
    return {name: _value(value, types[name]) for name, value in named.items()}


def _value(value: Any, zeek_type: str) -> Any:
    if value is None or zeek_type not in {"time", "interval"}:
        return value
    return moment(value) if zeek_type == "time" else timedelta(seconds=seconds(value))


def _expanded(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Write out `repeat` and `each`, and give a time to rows that have none."""
    at = BASE - timedelta(seconds=1)
    for template in rows:
        plain = {name: value for name, value in template.items() if name not in {"repeat", "ts"}}
        start = moment(template["ts"]) if "ts" in template else at + timedelta(seconds=1)
        lists = [len(value["each"]) for value in plain.values() if isinstance(value, dict)]
        repeat = template.get("repeat", {"count": max(lists, default=1)})
        step = timedelta(seconds=seconds(repeat.get("every", "1s")))
        for n in range(repeat["count"]):
            at = start + n * step
            yield {"ts": at, **{name: _copy(value, n) for name, value in plain.items()}}


def _copy(value: Any, n: int) -> Any:
    if isinstance(value, dict):
        return _copy(value["each"][n % len(value["each"])], n)
    if isinstance(value, list):
        return [_copy(part, n) for part in value]
    return re.sub(r"\{n(:\d+)?\}", lambda m: m[0].format(n=n), value) if isinstance(value, str) else value


def differences(expected: Mapping[str, Any], finding: Finding) -> list[str]:
    """Return the differences between a finding and what a case expects of it."""
    evidence = finding.evidence
    actual: dict[str, Any] = {
        **finding.model_dump(),
        "terms": {term.name: term.value for term in evidence.terms},
        "details": {detail.name: list(detail.values) for detail in evidence.details},
        "test": dict(evidence.test) if evidence.test else {},
    }
    unknown = expected.keys() - actual.keys()
    assert not unknown, f"no such field of a finding: {sorted(unknown)}"
    return [line for name, wanted in expected.items() for line in _differ(name, wanted, actual[name])]


def _differ(name: str, wanted: Any, actual: Any) -> Iterator[str]:
    if isinstance(wanted, Mapping):
        for key, inner in wanted.items():
            yield from _differ(f"{name}.{key}", inner, actual.get(key))
    elif not _equal(wanted, actual):
        yield f"{name}: expected {wanted!r}, found {actual!r}"


def _equal(wanted: Any, actual: Any) -> bool:
    if isinstance(actual, datetime):
        return moment(wanted) == actual
    if isinstance(actual, tuple):
        return list(wanted) == list(actual)
    if isinstance(actual, float):
        return math.isclose(wanted, actual, rel_tol=1e-6)
    return bool(wanted == actual)
