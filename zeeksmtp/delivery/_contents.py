"""What a carrier tells of a report: its date and how much of what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from zeeksmtp.delivery._parcel import Parcel
from zeeksmtp.model import Severity


@dataclass(frozen=True, slots=True)
class Contents:
    """When the report was made, how many findings of each severity it has, and how many of all are new."""

    generated: datetime
    findings: Mapping[Severity, int]
    new: int

    @classmethod
    def of(cls, parcel: Parcel) -> Contents:
        """Count what is in the report."""
        report = parcel.report()
        found = Counter(finding.severity for finding in report.findings)
        return cls(
            report.run.generated,
            {severity: found[severity] for severity in reversed(Severity)},
            sum(finding.state == "new" for finding in report.findings),
        )

    @property
    def worst(self) -> Severity | None:
        """Give the severity of the worst finding."""
        return next((severity for severity, number in self.findings.items() if number), None)
