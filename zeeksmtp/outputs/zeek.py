"""Zeek: the findings as a log in Zeek's own TSV, `smtp_findings.log`, for zeek-cut and whatever else reads such logs.

There is no `#open` and no `#close`: they would tell when the report was made, and the same input gives the same log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from zeeksmtp.escaping import zeek
from zeeksmtp.model import Finding, Output, Report, View

COLUMNS: Mapping[str, str] = {
    "ts": "time",
    "last": "time",
    "id": "string",
    "detector": "string",
    "severity": "string",
    "confidence": "string",
    "state": "string",
    "count": "count",
    "clients": "vector[string]",
    "servers": "vector[string]",
    "accounts": "vector[string]",
    "uids": "vector[string]",
    "attack": "vector[string]",
    "incident": "string",
    "title": "string",
    "summary": "string",
    "action": "string",
    "visibility": "string",
    "basis": "vector[string]",
    "replaces": "vector[string]",
    "symptom_of": "string",
}
"""Names and Zeek types of the columns; `ts` is the time of the finding's first event."""
_HEAD = ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tsmtp_findings")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def render(report: Report, _view: View) -> str:
    """Render the findings of `report` as a Zeek log, in order of their first events."""
    incidents = {finding: incident.id for incident in report.incidents for finding in incident.findings}
    findings = sorted(report.findings, key=lambda finding: (finding.first, finding.id))
    rows = (_row(finding, incidents.get(finding.id)) for finding in findings)
    heads = ("\t".join(("#fields", *COLUMNS)), "\t".join(("#types", *COLUMNS.values())))
    return "".join(f"{line}\n" for line in (*_HEAD, *heads, *rows))


def _row(finding: Finding, incident: str | None) -> str:
    values = {name: getattr(finding, name, None) for name in COLUMNS} | {"ts": finding.first, "incident": incident}
    return "\t".join(map(_value, values.values()))


def _value(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        micros = (value - _EPOCH) // timedelta(microseconds=1)
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
    if isinstance(value, tuple):
        return ",".join(zeek(str(item), ",") or "(empty)" for item in value) or "(empty)"
    return zeek(str(value)) or "(empty)"


OUTPUT = Output("zeek", "a Zeek TSV log of the findings, smtp_findings.log, for zeek-cut", render)
