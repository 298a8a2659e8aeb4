"""What transports say about a report: its date and what is in it, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from zeeksmtp.envelope import Envelope
from zeeksmtp.model import Severity


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """When the report was generated, its number of incidents, of findings by severity, and of new findings."""

    generated: datetime
    incidents: int
    findings: Mapping[Severity, int]
    new: int

    @classmethod
    def of(cls, envelope: Envelope) -> ReportSummary:
        """Count what is in the report."""
        report = envelope.report()
        counts = Counter(finding.severity for finding in report.findings)
        return cls(
            report.run.generated,
            len(report.incidents),
            {severity: counts[severity] for severity in reversed(Severity)},
            sum(finding.state == "new" for finding in report.findings),
        )

    @property
    def worst(self) -> Severity | None:
        """The severity of the worst finding."""
        return next((severity for severity, number in self.findings.items() if number), None)
