"""The part of the page about sets of logs: the same sites with all logs, with stock logs, with conn and smtp alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from evaluation.intervals import upper_rate
from evaluation.logsets import ALL, LOG_SETS, MINIMAL, STOCK
from evaluation.running import Figures
from evaluation.tables import share, table
from evaluation.traces import NO_TRACE, Kind
from zeeksmtp.model import Severity

_PER = 10_000
_SHOWN = 4
_TEXT = """\
## All logs and stock logs

Each site is judged three times: with all logs, without those of zeeksmtp's Zeek package (conn, smtp, files, ssl, x509,
dns, weird are left), and with conn.log and smtp.log alone. *Found* in the first table asks for the detector that must
find an event; with fewer logs one step of severity less is enough, as what is inferred is reported one step lower. In
the second table any finding counts that names the same parties at the same time and may mean this kind of event; what
merely accompanies it (cleartext mail, STARTTLS not used, a port scan that is none) does not. Hours to detection are
median and largest, from the event's first moment to a test's alarm; where there is no test, to the first evidence.
"""


def stock(figures: Figures) -> Iterator[str]:
    """Yield the lines of the whole part."""
    yield from _TEXT.splitlines()
    yield ""
    yield from _totals(figures)
    yield from _detectors(figures)
    for malicious in (True, False):
        yield from _kinds(figures, malicious=malicious)
    yield from _missed(figures)


def _totals(figures: Figures) -> Iterator[str]:
    attacks = [kind for name, kind in figures.kinds.items() if kind.malicious and name not in NO_TRACE]
    others = [kind for name, kind in figures.kinds.items() if not kind.malicious and name not in NO_TRACE]
    head = ("logs", "attacks that leave a trace", "found", "recall", "≥", "other events", "found", "recall")
    more = ("right", "false", "precision", "≥", "false ≥ medium", "per 10,000 host-days", "≤")
    yield from table((*head, *more), [_total(figures, name, attacks, others) for name in LOG_SETS])


def _total(figures: Figures, name: str, attacks: Sequence[Kind], others: Sequence[Kind]) -> Sequence[object]:
    (happened, found), (more, seen) = (_sum(kinds, name) for kinds in (attacks, others))
    pairs = [_verdicts(figures, name, detector) for detector in figures.scores]
    right, false = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    alarms = sum(score.at_least(score.false, Severity.MEDIUM) for score in figures.sets[name].values())
    rate, bound = alarms * _PER / figures.host_days, upper_rate(alarms, figures.host_days / _PER)
    recalls = (happened, found, *share(found, happened), more, seen, share(seen, more)[0])
    return (name, *recalls, right, false, *share(right, right + false), alarms, f"{rate:.2f}", f"{bound:.2f}")


def _sum(kinds: Sequence[Kind], name: str) -> tuple[int, int]:
    return sum(kind.events for kind in kinds), sum(kind.found(name) for kind in kinds)


def _verdicts(figures: Figures, name: str, detector: str) -> tuple[int, int]:
    """Return right and false findings, at the severity that counts with all logs."""
    score, level = figures.sets[name][detector], figures.scores[detector].level
    return score.at_least(score.true, level), score.at_least(score.false, level)


def _detectors(figures: Figures) -> Iterator[str]:
    head = ["detector", "events"]
    head += [f"{what}, {name}" for what in ("recall", "right", "false", "precision") for name in LOG_SETS]
    yield from table(head, [_detector(figures, name) for name in sorted(figures.scores)])


def _detector(figures: Figures, detector: str) -> Sequence[object]:
    events = figures.scores[detector].events
    recalls = [share(figures.sets[name][detector].found, events)[0] for name in LOG_SETS]
    pairs = [_verdicts(figures, name, detector) for name in LOG_SETS]
    precisions = [share(right, right + false)[0] for right, false in pairs]
    return (f"`{detector}`", events, *recalls, *(p[0] for p in pairs), *(p[1] for p in pairs), *precisions)


def _kinds(figures: Figures, *, malicious: bool) -> Iterator[str]:
    chosen = {name: kind for name, kind in sorted(figures.kinds.items()) if kind.malicious == malicious}
    head = ("attack" if malicious else "misconfiguration or fact", "events", *LOG_SETS)
    head += (f"hours to detection, {ALL}", STOCK, "why stock logs cannot show it")
    rows = [
        (name, kind.events, *(kind.found(logs) for logs in LOG_SETS), *_hours(kind), NO_TRACE.get(name, ""))
        for name, kind in chosen.items()
    ]
    yield from table(head, rows)


def _hours(kind: Kind) -> Iterator[str]:
    """Yield median and largest time from an event's first moment to the alarm, with all and with stock logs."""
    for logs in (ALL, STOCK):
        hours = kind.hours[logs]
        yield f"{median(hours):.1f} ({max(hours):.1f})" if hours else ""


def _missed(figures: Figures) -> Iterator[str]:
    lost = [line for kind in figures.kinds.values() for fewer in (STOCK, MINIMAL) for line in kind.lost(fewer, ALL)]
    yield f"Found with fewer logs and missed with all: {len(lost)}."
    yield ""
    yield from (f"- {line}" for line in lost)
    yield ""
    yield f"The first {_SHOWN} of each kind of attack that leaves a trace and was missed, and of each detector's false"
    yield "alarms of medium or above:"
    yield ""
    for name in LOG_SETS:
        for event, kind in sorted(figures.kinds.items()):
            if name == ALL or (kind.malicious and event not in NO_TRACE):
                yield from (f"- {name}, missed: {line}" for line in kind.missed[name][:_SHOWN])
        for detector, score in sorted(figures.sets[name].items()):
            if name != ALL and score.at_least(score.false, Severity.MEDIUM):
                grave = [line for line in score.accused if " low " not in line]
                yield from (f"- {name}, false: `{detector}`, {line}" for line in grave[:_SHOWN])
    yield ""
