"""A Dask cluster of this machine: two worker processes with one thread each."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from distributed import LocalCluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """Give a cluster that lives as long as the tests."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a worker that is killed on purpose is no news
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, env={"POLARS_MAX_THREADS": "1"}
    ) as started:
        yield started
