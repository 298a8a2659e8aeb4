"""A Dask cluster of this machine, two worker processes with one thread each, and an S3 server that they know."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

START = 60.0
"""Seconds that a server may take to come up on a machine that is busy."""


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start moto's server; give the variables that lead a client to it."""
    log = tmp_path_factory.mktemp("s3") / "log"
    code = "from moto.server import main; main(['--host', '127.0.0.1', '--port', '0'])"
    with log.open("w") as file, subprocess.Popen([sys.executable, "-c", code], stdout=file, stderr=file) as server:
        try:
            yield {
                "AWS_ENDPOINT_URL": _address(log),
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
        finally:
            server.terminate()


def _address(log: Path) -> str:
    """Wait until the server has said where it listens."""
    until = time.monotonic() + START
    while time.monotonic() < until:
        for word in log.read_text().split():
            if word.startswith("http://127.0.0.1:"):
                return word
        time.sleep(0.1)
    raise TimeoutError(log.read_text())


@pytest.fixture(scope="session")
def cluster(s3: dict[str, str]) -> Iterator[LocalCluster]:
    """Return a cluster that lives as long as the tests."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a worker that is killed on purpose is no news
    env = {"POLARS_MAX_THREADS": "1", **s3}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", env=env) as started:
        yield started
