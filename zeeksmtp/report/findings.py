"""Rows of a detector's plan become findings; findings name the credentials that must be changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice
from string import Formatter
from typing import TYPE_CHECKING, Any

from zeeksmtp.model import Credential, Detail, Detector, Evidence, Finding, SequentialTest, Severity, Term, identity

if TYPE_CHECKING:
    import polars as pl

_NAMED = 10  # values of a list that a sentence holds; the finding has all of them
_AT_A_TIME = 10_000  # rows
_REMEMBERED = 10_000  # terms, and evidence as a whole: most findings of a kind share theirs


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else round(value, 4)


def _counted(number: str, unit: str) -> str:
    """A number in a template: `{count}` is `3`, `{count:login}` is `3 logins`, `{replies:reply|replies}` irregular."""
    one, _, many = unit.partition("|")
    return f"{number} {one if number == '1' else many or one + 's'}" if unit else number


def _listed(values: Sequence[str], frame: str, nothing: str = "none") -> str:
    """A list in a template: ten values, and how many more. `{names: (%)}` is nothing for an empty list.

    An empty name is shown as such.
    """
    if not values:
        return "" if frame else nothing
    shown = ", ".join([value or '""' for value in values[:_NAMED]])
    more = len(values) - _NAMED
    text = f"{shown} and {more} more" if more > 0 else shown
    return frame.replace("%", text) if frame else text


@dataclass(frozen=True, slots=True)
class _Templates:
    """A detector's templates with numbers in place of what they name, so that each is made once for a row."""

    named: tuple[tuple[str, str], ...]
    texts: tuple[str, str, str]

    def filled(self, row: Mapping[str, Any]) -> list[str]:
        """Give title, summary and action of a row."""
        words = [_word(row, name, form) for name, form in self.named]
        return [text.format(*words) for text in self.texts]


@cache
def _templates(detector: Detector) -> _Templates:
    named: dict[tuple[str, str], int] = {}

    def numbered(template: str) -> Iterator[str]:
        for text, name, form, _ in Formatter().parse(template):
            yield text.replace("{", "{{").replace("}", "}}")
            if name is not None:
                yield f"{{{named.setdefault((name, form or ''), len(named))}}}"

    title, summary, action = ("".join(numbered(t)) for t in (detector.title, detector.summary, detector.action))
    return _Templates(tuple(named), (title, summary, action))


def _word(row: Mapping[str, Any], name: str, form: str) -> str:
    """What a template may name: the finding's own fields and its evidence."""
    if name in {"clients", "servers"}:
        return _listed(row[name], form)
    if name == "accounts":
        return _listed(row[name], form, "an unknown account")
    if name == "count":
        return _counted(str(row[name]), form)
    if name in {"first", "last"}:
        return f"{row[name]:%Y-%m-%d %H:%M} UTC"
    for term, value, _ in row["terms"]:
        if term == name:
            return _counted(str(_number(value)), form)
    for detail, values in row["details"]:
        if detail == name:
            return _listed(values, form)
    raise KeyError(name)


@lru_cache(_REMEMBERED)
def _term(name: str, value: float, weight: float) -> Term:
    return Term(name=name, value=_number(value), weight=weight)


@lru_cache(_REMEMBERED)
def _evidence(
    terms: tuple[tuple[str, float, float], ...], details: tuple[tuple[str, tuple[str, ...]], ...]
) -> Evidence:
    return Evidence(
        terms=tuple([_term(*term) for term in terms]),
        details=tuple([Detail(name=name, values=values) for name, values in details if values]),
    )


def _tested(row: Mapping[str, Any]) -> Evidence:
    evidence, test = _evidence(row["terms"], row["details"]), row["test"]
    return evidence if test is None or test["score"] is None else replace(evidence, test=SequentialTest(**test))


def _rows(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Give rows, with terms and details as tuples. Column by column: polars' dictionaries take three times as long."""
    columns = {name: rows[name].to_list() for name in rows.columns if name not in {"terms", "details"}}
    columns["terms"] = _grouped(rows["terms"], zip(*_flat(rows["terms"], "name", "value", "weight"), strict=True))
    names, values = _flat(rows["details"], "name", "values")
    columns["details"] = _grouped(rows["details"], zip(names, map(tuple, values), strict=True))
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _flat(column: pl.Series, *fields: str) -> list[list[Any]]:
    """Give each field of a column of lists of structs, of all rows in one."""
    structs = column.list.explode(empty_as_null=False)
    return [structs.struct.field(field).to_list() for field in fields]


def _grouped(column: pl.Series, each: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Put what is in all lists of a column back into a tuple for each row."""
    return [tuple(islice(each, size)) for size in column.list.len()]


def findings_of(detector: Detector, rows: pl.DataFrame) -> list[Finding]:
    """Make findings of the rows of a detector's plan (columns: `model.FINDING`)."""
    templates = _templates(detector)
    # Some at a time: as Python's objects rows take several times the memory.
    return [_finding(detector, templates, row) for some in rows.iter_slices(_AT_A_TIME) for row in _rows(some)]


def _finding(detector: Detector, templates: _Templates, row: Mapping[str, Any]) -> Finding:
    title, summary, action = templates.filled(row)
    return Finding(
        id=identity(detector.id, row["key"]),
        detector=detector.id,
        title=title,
        severity=row["severity"],
        confidence=row["confidence"],
        attack=row["attack"] or detector.attack,
        first=row["first"],
        last=row["last"],
        count=row["count"],
        clients=row["clients"],
        servers=row["servers"],
        accounts=row["accounts"],
        evidence=_tested(row),
        uids=row["uids"],
        summary=summary,
        action=action,
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings: worst first, then by detector and entity."""
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.detector, f.clients, f.servers, f.accounts, f.id)))


def credentials_of(findings: Iterable[Finding], spending: set[str]) -> tuple[Credential, ...]:
    """Give each account at each server that needs a new credential, with the finding that says why.

    `spending` names the detectors whose accounts count; findings below medium (SCRAM) do not.
    """
    counted = (f for f in findings if f.detector in spending and f.severity.rank >= Severity.MEDIUM.rank)
    due = {
        (account, server): Credential(account=account, server=server, last=f.last, why=f.id)
        for f in sorted(counted, key=lambda f: (f.last, f.id))
        for account in f.accounts
        for server in f.servers
    }
    return tuple(due[key] for key in sorted(due))
