"""CSV: one row for each finding, for a spreadsheet. RFC 4180, in UTF-8; nothing in it is taken for a formula.

Lists are joined by `; `: a name that holds this itself is unambiguous in the JSON form only. Times are UTC.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from io import StringIO

from zeeksmtp.escaping import cell
from zeeksmtp.model import Finding, Output, Report, View

COLUMNS = (
    *("id", "detector", "severity", "confidence", "state", "first", "last", "count", "clients", "servers", "accounts"),
    *("attack", "incident", "title", "summary", "action", "uids", "visibility", "basis", "replaces", "symptom_of"),
)
"""Heads of the columns. More may be added at the end; these stay, and stay in this order."""


def render(report: Report, _view: View) -> str:
    """Render the findings of `report` as rows under a head."""
    incidents = {finding: incident.id for incident in report.incidents for finding in incident.findings}
    text = StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    rows.writerows(_row(finding, incidents.get(finding.id, "")) for finding in report.findings)
    return text.getvalue()


def _row(finding: Finding, incident: str) -> list[str]:
    values = {
        **{name: getattr(finding, name) for name in COLUMNS if name != "incident"},
        "incident": incident,
    }
    return [_cell(values[name]) for name in COLUMNS]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, tuple):
        return _list(value)
    return "" if value is None else cell(str(value))


def _list(values: Sequence[str]) -> str:
    return cell("; ".join(value or '""' for value in values))


OUTPUT = Output("csv", "for a spreadsheet: one row for each finding", render)
