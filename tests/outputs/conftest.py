"""The reports of `_reports` as fixtures."""

import pytest

from tests.outputs import _reports
from zeeksmtp.model import Report


@pytest.fixture
def full() -> Report:
    """Return the report that has everything in it."""
    return _reports.full()


@pytest.fixture
def empty() -> Report:
    """Return the report of a run that saw nothing."""
    return _reports.empty()
