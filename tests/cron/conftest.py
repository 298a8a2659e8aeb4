"""A site with nothing in it yet."""

from pathlib import Path

import pytest

from tests.cron._site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a log folder and a state folder."""
    return Site(tmp_path / "site")
