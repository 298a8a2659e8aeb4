"""What there is to know about each detector, as the CLI and docs/detectors.md tell it."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from zeeksmtp import registry
from zeeksmtp.model import Detector


class Entry(NamedTuple):
    """A detector with its module's docstring."""

    detector: Detector
    doc: str

    @property
    def line(self) -> str:
        """Give the first line of the docstring: what the detector is about."""
        return self.doc.partition("\n")[0]

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Give what follows the first line as (heading, text): `What it sees`, `Why it matters`, …"""
        paragraphs = self.doc.partition("\n")[2].strip().split("\n\n")
        pairs = [paragraph.partition(":") for paragraph in paragraphs]
        plain = [(head, " ".join(text.split())) for head, _, text in pairs]
        return [(head, text[:1].upper() + text[1:]) for head, text in plain]

    @property
    def parameters(self) -> list[tuple[str, str, str]]:
        """Give name, default and meaning of each parameter."""
        fields = self.detector.params.model_fields
        return [(name, _toml(field.default), field.description or "") for name, field in fields.items()]


def _toml(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def catalogue() -> Mapping[str, Entry]:
    """Give every detector by id, sorted."""
    found = registry.discover("zeeksmtp.detectors", "DETECTOR").items()
    entries = [Entry(d, inspect.cleandoc(sys.modules[f"zeeksmtp.detectors.{m}"].__doc__ or "")) for m, d in found]
    return {entry.detector.id: entry for entry in sorted(entries, key=lambda entry: entry.detector.id)}


def facts_of(entry: Entry) -> Iterable[tuple[str, str]]:
    """Give what is short to say of a detector: techniques, stage, tables, logs, place in the config."""
    detector = entry.detector
    yield "ATT&CK", ", ".join(detector.attack) or "none"
    yield "incident stage", detector.stage or "none"
    yield "reads", ", ".join(detector.needs)
    yield "blind without", ", ".join(f"{log}.log" for log in detector.sees) or "nothing"
    yield "config", f"[detectors.{detector.id}]"
