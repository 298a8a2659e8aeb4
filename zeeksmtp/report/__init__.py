"""Findings, files and tables become the `Report`. Everything here is small: rows of findings, not of logs."""

from zeeksmtp.report.findings import findings_of

__all__ = ["findings_of"]
