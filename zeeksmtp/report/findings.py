"""Rows of a detector's plan become findings; findings name the credentials that must be changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from zeeksmtp.model import Credential, Detail, Detector, Evidence, Finding, SequentialTest, Severity, Term, identity

_NAMED = 10  # values of a list that a sentence holds; the finding has all of them


class _Number(str):
    """A number in a template: `{count}` is `3`, `{count:login}` is `3 logins`, `{replies:reply|replies}` irregular."""

    __slots__ = ()

    def __format__(self, unit: str) -> str:
        one, _, many = unit.partition("|")
        return f"{self} {one if self == '1' else many or one + 's'}" if unit else str(self)


class _Listed(str):
    """A list in a template: ten values, and how many more. `{names: (%)}` is nothing for an empty list."""

    __slots__ = ()

    def __new__(cls, values: Sequence[str], nothing: str = "none") -> Self:
        """An empty name is shown as such."""
        shown = [value or '""' for value in values[:_NAMED]]
        more = len(values) - len(shown)
        text = (", ".join(shown) or nothing) + (f" and {more} more" if more else "")
        return super().__new__(cls, text if values else nothing)

    def __format__(self, frame: str) -> str:
        if not frame:
            return str(self)
        return "" if self == "none" else frame.replace("%", str(self))


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else round(value, 4)


def _words(row: Mapping[str, Any]) -> dict[str, str]:
    """What a template may name: the finding's own fields and its evidence."""
    words: dict[str, str] = {detail["name"]: _Listed(detail["values"]) for detail in row["details"]}
    words |= {term["name"]: _Number(_number(term["value"])) for term in row["terms"]}
    words |= {name: f"{row[name]:%Y-%m-%d %H:%M} UTC" for name in ("first", "last")}
    words |= {name: _Listed(row[name]) for name in ("clients", "servers")}
    return words | {"accounts": _Listed(row["accounts"], "an unknown account"), "count": _Number(row["count"])}


def _evidence(row: Mapping[str, Any]) -> Evidence:
    test = row["test"]
    return Evidence(
        terms=tuple(Term(name=t["name"], value=_number(t["value"]), weight=t["weight"]) for t in row["terms"]),
        details=tuple(Detail(name=d["name"], values=tuple(d["values"])) for d in row["details"] if d["values"]),
        test=None if test is None or test["score"] is None else SequentialTest(**test),
    )


def finding_of(detector: Detector, row: Mapping[str, Any]) -> Finding:
    """Make a finding of one row of a detector's plan (columns: `model.FINDING`)."""
    words = _words(row)
    return Finding(
        id=identity(detector.id, row["key"]),
        detector=detector.id,
        title=detector.title.format_map(words),
        severity=row["severity"],
        confidence=row["confidence"],
        attack=tuple(row["attack"]) or detector.attack,
        first=row["first"],
        last=row["last"],
        count=row["count"],
        clients=tuple(row["clients"]),
        servers=tuple(row["servers"]),
        accounts=tuple(row["accounts"]),
        evidence=_evidence(row),
        uids=tuple(row["uids"]),
        summary=detector.summary.format_map(words),
        action=detector.action.format_map(words),
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: worst first, then by detector and entity."""
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.detector, f.clients, f.servers, f.accounts, f.id)))


def credentials_of(findings: Iterable[Finding], spending: set[str]) -> tuple[Credential, ...]:
    """Give each account at each server that needs a new credential, with the finding that says why.

    `spending` names the detectors whose accounts count; findings below medium (SCRAM) do not.
    """
    due = {
        (account, server): Credential(account=account, server=server, last=f.last, why=f.id)
        for f in sorted(findings, key=lambda f: (f.last, f.id))
        if f.detector in spending and f.severity.rank >= Severity.MEDIUM.rank
        for account in f.accounts
        for server in f.servers
    }
    return tuple(due[key] for key in sorted(due))
