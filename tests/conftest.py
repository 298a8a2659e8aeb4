"""What every test shares: a clean environment, a fixed zone, hypothesis without time limits (machines are busy)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
CAPTURES = ROOT / "fixtures" / "captures"

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "fast")
settings.register_profile("fast", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("wide", parent=settings.get_profile("fast"), max_examples=200)
settings.register_profile("thorough", parent=settings.get_profile("fast"), max_examples=1000)
settings.load_profile(PROFILE)

WIDE = PROFILE != "fast"
"""Whether to try every combination, where otherwise a few of them stand for all."""
EXAMPLES_OF_REPORTS = settings().max_examples // 3
"""Where an example is a whole report or page, and takes a second."""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the machine's own settings, zone and colours out of the tests."""
    for name in [name for name in os.environ if name.upper().startswith("ZEEKSMTP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("NO_COLOR", "1")
    yield


@pytest.fixture
def captures() -> Path:
    """Return the folder of the recorded traffic."""
    return CAPTURES
