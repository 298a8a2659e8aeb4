"""Templates of detectors become sentences: titles, summaries, and the actions that apply to a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from string import Formatter
from typing import Any

from zeeksmtp.model import Action, Advice, Finding, Hosts

MAX_NAMES_IN_SENTENCE = 10
"""Values of a list that a sentence names; the finding has all of them."""

JOINED = "findings_joined"
"""Evidence term of a finding that stands for several (`report/strangers.py`): how many."""

Fields = Mapping[str, Any]
"""What a template may name: `clients`, `servers`, `accounts`, `count`, `first`, `last`, evidence terms and details."""


class _Sentences(Formatter):
    """Formats lists, numbers and times as a sentence needs them.

    `{count:login}` is `3 logins`, `{replies:reply|replies}` has an irregular plural; `{names: (%)}` is empty for an
    empty list.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M} UTC"
        if isinstance(value, int | float):
            return counted(value, format_spec)
        return listed(value, format_spec)


_SENTENCES = _Sentences()


def counted(value: float, unit: str) -> str:
    """Return a number with its `unit`, in the plural unless it is one: `login`, or `reply|replies`."""
    number = f"{int(value) if float(value).is_integer() else round(value, 4):,}"
    one, _, many = unit.partition("|")
    return f"{number} {one if number == '1' else many or one + 's'}" if unit else number


def listed(values: Sequence[str], frame: str = "%") -> str:
    """Name ten values, and count the others, in place of the `%` of `frame`. An empty value is shown as such."""
    if not values:
        return "" if frame else "none"
    shown = ", ".join([value or '""' for value in values[:MAX_NAMES_IN_SENTENCE]])
    more = len(values) - MAX_NAMES_IN_SENTENCE
    text = f"{shown} and {more:,} more" if more > 0 else shown
    return frame.replace("%", text) if frame else text


def fill(template: str, fields: Fields) -> str:
    """Fill a template. Raises `KeyError` if it names what the fields do not have."""
    return _SENTENCES.vformat(template, (), fields)


def fields_of(finding: Finding) -> dict[str, Any]:
    """Return what templates may name of a finding."""
    evidence = finding.evidence
    return {
        **{name: getattr(finding, name) for name in ("clients", "servers", "accounts", "count", "first", "last")},
        **{detail.name: detail.values for detail in evidence.details},
        **{term.name: term.value for term in evidence.terms},
    }


def applies(advice: Advice, fields: Fields, hosts: Hosts) -> bool:
    """Return whether all conditions of a step hold."""
    return all(_holds(condition, fields, hosts) for condition in advice.when)


def _holds(condition: str, fields: Fields, hosts: Hosts) -> bool:
    side, _, place = condition.rpartition("-")
    if side in {"client", "server"} and place in {"local", "outside"}:
        addresses = fields[f"{side}s"]
        return bool(addresses) and all(hosts.is_local(address) is (place == "local") for address in addresses)
    return bool(fields.get(condition))


def actions_of(each: Iterable[tuple[Sequence[Advice], Sequence[Finding]]], hosts: Hosts) -> list[Action]:
    """Return what to do about findings, given by detector: each step once, for all that it applies to.

    A step that a wider one includes is taken by that. Steps under a condition (`If …`) come last.
    """
    concerned: dict[str, list[Fields]] = {}
    steps: dict[str, Advice] = {}
    for advice, findings in each:
        fields = [fields_of(finding) for finding in findings]
        for one in advice:
            if own := [known for known in fields if applies(one, known, hosts)]:
                concerned.setdefault(one.text, []).extend(own)
                steps.setdefault(one.text, one)
    for text, one in steps.items():
        if one.wider in concerned:
            concerned[one.wider] += concerned.pop(text)
    # In the order of `steps`, so that a wider step stays at the place of its own detector; what holds under a condition
    # comes last.
    return [
        Action(owner=one.owner, text=fill(text, _together(concerned[text])))
        for text, one in sorted(steps.items(), key=lambda step: step[0].startswith("If "))
        if text in concerned
    ]


def _together(each: Sequence[Fields]) -> Fields:
    """Merge the fields of several findings: lists are united, it began with the earliest; else the first counts."""
    merged: dict[str, Any] = {**each[0], "first": min(fields["first"] for fields in each)}
    for fields in each[1:]:
        for name, value in fields.items():
            if isinstance(value, tuple) and isinstance(merged.get(name), tuple):
                merged[name] = tuple(dict.fromkeys((*merged[name], *value)))
            else:
                merged.setdefault(name, value)
    return merged
