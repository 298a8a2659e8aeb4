"""What each detector is about, from its own docstring, for readers of a report who do not have the program."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Mapping

import zeeksmtp.detectors
from zeeksmtp.model import Detector, Explanation
from zeeksmtp.registry import discover

_PARTS = {
    "sees": "What it sees",
    "matters": "Why it matters",
    "benign": "Benign causes",
    "todo": "What to do",
}


def documented() -> Mapping[str, tuple[Detector, str]]:
    """Return every detector with its module's docstring, by id, sorted."""
    found = discover(zeeksmtp.detectors, "DETECTOR").items()
    texts = [(unit, inspect.cleandoc(sys.modules[f"zeeksmtp.detectors.{name}"].__doc__ or "")) for name, unit in found]
    return {unit.id: (unit, doc) for unit, doc in sorted(texts, key=lambda pair: pair[0].id)}


def sections(doc: str) -> list[tuple[str, str]]:
    """Return what follows the first line of a docstring as (heading, text): `What it sees`, `Why it matters`, …"""
    paragraphs = doc.partition("\n")[2].strip().split("\n\n")
    pairs = [paragraph.partition(":") for paragraph in paragraphs]
    plain = [(head, " ".join(text.split())) for head, _, text in pairs]
    return [(head, text[:1].upper() + text[1:]) for head, text in plain]


def explanations(ids: Collection[str]) -> dict[str, Explanation]:
    """Return the texts of the detectors that `ids` names."""
    return {name: _explanation(detector, doc) for name, (detector, doc) in documented().items() if name in ids}


def _explanation(detector: Detector, doc: str) -> Explanation:
    texts = dict(sections(doc))
    parts = {key: texts.get(head, "") for key, head in _PARTS.items()}
    return Explanation(about=doc.partition("\n")[0], stage=detector.stage, **parts)
