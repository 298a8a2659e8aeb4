"""Terminal: for a person, problems first."""

from zeeksmtp.model import Output, Report
from zeeksmtp.outputs._escape import plain


def render(report: Report, _width: int | None) -> str:
    """Render `report` as one line for each finding."""
    return "".join(plain(f"{f.severity} {f.detector} {f.summary}") + "\n" for f in report.findings)


OUTPUT = Output("terminal", "for a person at a terminal; plain text when it goes to a file or a pipe", render)
