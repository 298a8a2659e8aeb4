"""An empty state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from zeeksmtp.state.store import open_store


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Yield a connection to an empty state, within one transaction."""
    with open_store(tmp_path / "state.sqlite") as store, store.transaction() as opened:
        yield opened
