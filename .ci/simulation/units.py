"""The logs and detectors of the program, by their names: what sites are written as, and what judges them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import zeeksmtp.detectors
import zeeksmtp.logs
from zeeksmtp import registry
from zeeksmtp.model import Detector, Log

DETECTORS: Mapping[str, Detector] = {d.id: d for d in registry.discover(zeeksmtp.detectors, "DETECTOR").values()}
LOGS: Mapping[str, Log] = {log.name: log for log in registry.discover(zeeksmtp.logs, "LOG").values()}
CAPTURES = Path(__file__).parents[2] / "fixtures" / "captures"
"""The recorded traffic, with what is in it."""
