"""The words that the forms for people share: names, times, single findings. Raw: each form escapes what it prints."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from zeeksmtp.model import Evidence, Finding, Incident, SequentialTest, Term
from zeeksmtp.outputs._escape import cut, plain

NAME_LIMIT = 80
"""Longest form in which one logged name is shown to a person; JSON has it whole."""
TEXT_LIMIT = 2000
"""Longest form in which any text is shown to a person."""
SENTENCE_LIMIT = 600
"""Longest form of a summary or an action: many names of many characters can stand in one."""
NARRATIVE_LIMIT = 1500
"""Longest form of an incident's narrative."""
TITLE_LIMIT = 160
"""Longest form of a title."""
UNKNOWN = "?"
"""What a cell shows that cannot be known."""
_SAID = {"remedy"}  # details that the action says already


def name(value: str) -> str:
    """Show one logged name: bounded, and an empty one as `""`."""
    return cut(plain(value), NAME_LIMIT) or '""'


def title(thing: Finding | Incident) -> str:
    """Show a title, bounded: it may hold many names."""
    return cut(plain(thing.title), TITLE_LIMIT)


def short(text: str) -> str:
    """Show what stands in a cell of a table, bounded."""
    return cut(plain(text), TITLE_LIMIT)


def summary(finding: Finding) -> str:
    """Show what happened, bounded."""
    return cut(plain(finding.summary), SENTENCE_LIMIT)


def action(finding: Finding) -> str:
    """Show what to do, bounded."""
    return cut(plain(finding.action), SENTENCE_LIMIT)


def narrative(incident: Incident) -> str:
    """Show an incident's story, bounded."""
    return cut(plain(incident.narrative), NARRATIVE_LIMIT)


def names(values: Sequence[str], limit: int = 5) -> str:
    """Show the first `limit` names, and how many more there are."""
    shown = [name(value) for value in values[:limit]]
    rest = len(values) - limit
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def counted(number: int, word: str) -> str:
    """Show a number with its noun: `1 file`, `2 files`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def stamp(moment: datetime) -> str:
    """Show a time to the second; the report says once that times are UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def span(first: datetime, last: datetime) -> str:
    """Show a span of time, without saying the day twice."""
    if stamp(first) == stamp(last):
        return stamp(first)
    return f"{stamp(first)} to {stamp(last)[11 if first.date() == last.date() else 0 :]}"


def flag(value: bool | None) -> str:
    """Show what is true, false, or cannot be known from the logs at hand."""
    return UNKNOWN if value is None else "yes" if value else "no"


def who(thing: Finding | Incident) -> str:
    """Show who did it to whom."""
    ends = [names(side) for side in (thing.clients, thing.servers) if side]
    accounts = f"account{'s' if len(thing.accounts) > 1 else ''} {names(thing.accounts)}" if thing.accounts else None
    return ", ".join(part for part in (" → ".join(ends), accounts) if part) or "the whole site"


def evidence(proof: Evidence) -> list[str]:
    """Say what a finding rests on, one line for each kind of evidence."""
    shown = (detail for detail in proof.details if detail.values and detail.name not in _SAID)
    lines = [f"{_spoken(detail.name)}: {names(detail.values, 10)}" for detail in shown]
    for label, terms in (
        ("measured", [term for term in proof.terms if term.weight]),
        ("besides", [term for term in proof.terms if not term.weight]),
    ):
        lines += [f"{label}: {', '.join(map(_term, terms))}"] if terms else []
    return lines + ([_test(proof.test)] if proof.test else [])


def _term(term: Term) -> str:
    weight = "" if term.weight in {0, 1} else f" (weight {term.weight:g})"
    return f"{_spoken(term.name)} {term.value:,.10g}{weight}"


def _spoken(label: str) -> str:
    return label.replace("_", " ")


def _test(test: SequentialTest) -> str:
    alarm = f", alarm at {stamp(test.alarm_at)}" if test.alarm_at else ", no alarm"
    return (
        f"test: {test.bad:,} bad of {counted(test.trials, 'trial')}, "
        f"score {test.score:.1f} against {test.threshold:.1f}{alarm}"
    )


def small_print(finding: Finding) -> str:
    """Say how sure, how often, which technique and which detector."""
    attack = f"; ATT&CK {', '.join(finding.attack)}" if finding.attack else ""
    state = f"; {finding.state}" if finding.state else ""
    return f"{finding.detector}; count {finding.count:,}; confidence {finding.confidence}{attack}{state}"


def score(incident: Incident) -> str:
    """Show an incident's score as the sum that it is."""
    parts = " + ".join(f"{_spoken(part)} {points}" for part, points in incident.score_parts.items() if points)
    return f"{incident.score}{f' = {parts}' if parts else ''}"


def by_detector(findings: Iterable[Finding], limit: int) -> Iterable[tuple[list[Finding], int, str]]:
    """Group findings by detector: the first `limit` of each, how many more there are, and the detector."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.detector, []).append(finding)
    for detector, group in groups.items():
        yield group[:limit], max(len(group) - limit, 0), detector


def by_news(findings: Sequence[Finding]) -> Iterable[tuple[str, Sequence[Finding]]]:
    """Give findings under their headings; in the report of a scheduled pass what is new comes first."""
    new = [finding for finding in findings if finding.state == "new"]
    known = [finding for finding in findings if finding.state not in {"new", None}]
    if new and known and len(new) + len(known) == len(findings):
        yield "New findings", new
        yield "Findings known before", known
    elif findings:
        yield "Findings", findings
