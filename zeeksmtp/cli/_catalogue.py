"""What there is to know about each detector, as the CLI and docs/detectors.md tell it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from zeeksmtp.model import Detector, alternatives
from zeeksmtp.report import explained


class Entry(NamedTuple):
    """A detector with its module's docstring."""

    detector: Detector
    doc: str

    @property
    def line(self) -> str:
        """Return the first line of the docstring: what the detector is about."""
        return self.doc.partition("\n")[0]

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Return what follows the first line as (heading, text): `What it sees`, `Why it matters`, …"""
        return explained.sections(self.doc)

    @property
    def parameters(self) -> list[tuple[str, str, str]]:
        """Return name, default and meaning of each parameter."""
        fields = self.detector.params.model_fields
        return [(name, _toml(field.default), field.description or "") for name, field in fields.items()]


def _toml(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()  # TOML writes a date without quotes
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def catalogue() -> Mapping[str, Entry]:
    """Return every detector by id, sorted."""
    return {name: Entry(detector, doc) for name, (detector, doc) in explained.documented().items()}


def facts_of(entry: Entry) -> Iterable[tuple[str, str]]:
    """Return what is short to say of a detector: techniques, stage, tables, logs, place in the config."""
    detector = entry.detector
    yield "ATT&CK", ", ".join(detector.attack) or "none"
    yield "incident stage", detector.stage or "none"
    yield "reads", ", ".join(detector.needs)
    yield "observes with", _named(detector.required_logs)
    yield "infers from", _named(detector.inferred_from)
    yield "config", f"[detectors.{detector.id}]"


def _named(logs: tuple[str, ...]) -> str:
    """Write entries of `required_logs` or `inferred_from` as file names."""
    return ", ".join(" or ".join(f"{log}.log" for log in alternatives(entry)) for entry in logs) or "nothing"
