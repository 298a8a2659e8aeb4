"""The words that the forms for people share: names, times, single findings. Raw: each form escapes what it prints."""

from collections.abc import Sequence
from datetime import datetime

from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import Evidence, Finding, Incident, SequentialTestResult, Term

NAME_LIMIT = 80
"""Longest form in which one logged name is shown to a person; JSON has it whole."""
TEXT_LIMIT = 2000
"""Longest form in which any text is shown to a person."""
SENTENCE_LIMIT = 600
"""Longest form of a summary or an action: many names of many characters can stand in one."""
TITLE_LIMIT = 160
"""Longest form of a title."""
UNKNOWN = "?"
"""What a cell shows that cannot be known."""
_SAID = {
    "remedy",
    "who",
    "note",
    "no_account",
    "scope",
    "use",
    "sent",
    "look_up",
    "login",
}  # details that action, title or summary say already


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


def headline(finding: Finding) -> str:
    """Show who did what to whom, and how: title and summary."""
    return f"{title(finding).rstrip('.')}. {summary(finding)}"


def action(finding: Finding) -> str:
    """Show what to do, bounded."""
    return cut(plain(finding.action), SENTENCE_LIMIT)


def sentence(text: str) -> str:
    """Show a sentence of an incident, bounded."""
    return cut(plain(text), SENTENCE_LIMIT)


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


def brief_span(first: datetime, last: datetime, *, with_day: bool) -> str:
    """Show a span of time to the minute; without the day where a reader knows it."""
    clock, day = "%H:%M", "%b %d %H:%M"
    begin = first.strftime(day if with_day else clock)
    if first.replace(second=0, microsecond=0) == last.replace(second=0, microsecond=0):
        return begin
    return f"{begin} to {last.strftime(clock if first.date() == last.date() else day)}"


def number(value: int | None) -> str:
    """Show a count, or that it cannot be known from the logs at hand."""
    return UNKNOWN if value is None else f"{value:,}"


def flag(value: bool | None) -> str:
    """Show what is true, false, or cannot be known from the logs at hand."""
    return UNKNOWN if value is None else "yes" if value else "no"


def who(thing: Finding | Incident, limit: int = 5) -> str:
    """Show who did it to whom, with at most `limit` names on each side."""
    ends = [names(side, limit) for side in (thing.clients, thing.servers) if side]
    plural = "s" if len(thing.accounts) > 1 else ""
    accounts = f"account{plural} {names(thing.accounts, limit)}" if thing.accounts else None
    return ", ".join(part for part in (" → ".join(ends), accounts) if part) or "the whole site"


def evidence(proof: Evidence, limit: int = 10) -> list[str]:
    """Return what a finding rests on, one line for each kind of evidence, with at most `limit` names in each."""
    shown = (detail for detail in proof.details if detail.values and detail.name not in _SAID)
    lines = [f"{_spoken(detail.name)}: {names(detail.values, limit)}" for detail in shown]
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


def _test(test: SequentialTestResult) -> str:
    alarm = f", alarm at {stamp(test.alarm_at)}" if test.alarm_at else ", no alarm"
    return (
        f"test: {test.bad:,} bad of {counted(test.trials, 'trial')}, "
        f"score {test.score:.1f} against {test.threshold:.1f}{alarm}"
    )


def small_print(finding: Finding) -> str:
    """Return how sure, how often, seen or inferred from what, which technique and which detector."""
    attack = f"; ATT&CK {', '.join(finding.attack)}" if finding.attack else ""
    state = f"; {finding.state}" if finding.state else ""
    basis = f" from {', '.join(f'{log}.log' for log in finding.basis)}" if finding.basis else ""
    sure = f"confidence {finding.confidence}; {finding.visibility}{basis}"
    return f"{finding.detector}; count {finding.count:,}; {sure}{attack}{state}"


def score(incident: Incident) -> str:
    """Show an incident's score as the sum that it is."""
    parts = " + ".join(f"{_spoken(part)} {points}" for part, points in incident.score_parts.items() if points)
    return f"{incident.score}{f' = {parts}' if parts else ''}"
