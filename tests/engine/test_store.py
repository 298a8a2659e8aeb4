"""Guards `lake_url`: parts go through a real S3 server, the report is the same, and nothing stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from tests.conftest import CAPTURES, ROOT
from zeeksmtp.engine._store import ObjectStore
from zeeksmtp.errors import ExitCode, UnusableError

LOGS = CAPTURES / "mixed_office_day" / "tsv"


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a bucket."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    run_python("import s3fs; s3fs.S3FileSystem().makedirs('mail', exist_ok=True)")
    return "mail"


def run_python(code: str) -> str:
    """Run code in a process of its own: s3fs keeps connections until its process ends."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def report(target: Path, *words: str, **env: str) -> tuple[int, str, Any]:
    """Run `zeeksmtp report`; give its exit code, what it says on stderr, and the report without `run`."""
    command = [sys.executable, "-m", "zeeksmtp", "report", str(LOGS), "--format", "json", "-o", str(target), "--quiet"]
    done = subprocess.run(
        [*command, *words], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    report_json = json.loads(target.read_text()) if target.exists() else {}
    return done.returncode, done.stderr, {key: value for key, value in report_json.items() if key != "run"}


def test_the_report_is_the_same_and_the_store_is_left_empty(bucket: str, cluster: LocalCluster, tmp_path: Path) -> None:
    engine = ("--engine", "dask", "--dask-scheduler", cluster.scheduler_address)
    there = report(tmp_path / "there.json", *engine, ZEEKSMTP_LAKE_URL=f"s3://{bucket}/zeek/")
    here = report(tmp_path / "here.json")
    assert there == here
    assert here[0] == ExitCode.OK
    assert here[2]["findings"]
    assert run_python(f"import s3fs; print(s3fs.S3FileSystem().find('{bucket}'))") == "[]\n"


def test_parts_really_go_through_the_store(bucket: str, tmp_path: Path) -> None:
    """Put by one process and fetched by another, for a lake that only its owner may read."""
    part = tmp_path / "ab.parquet"
    part.write_bytes(b"rows")
    imports = "from zeeksmtp.engine._store import ObjectStore; from pathlib import Path"
    code = imports + "; store = ObjectStore('s3://{}/run'); {}"
    run_python(code.format(bucket, f"store.put(Path('{part}'), 'conn')"))
    lake = tmp_path / "lake"
    run_python(code.format(bucket, f"store.fetch('ab.parquet', 'conn', Path('{lake}'))"))
    (fetched,) = (lake / "conn").iterdir()
    assert (fetched.name, fetched.read_bytes(), fetched.stat().st_mode & 0o777) == ("ab.parquet", b"rows", 0o600)
    run_python(code.format(bucket, "store.remove()"))
    assert run_python(f"import s3fs; print(s3fs.S3FileSystem().find('{bucket}'))") == "[]\n"


def test_a_store_that_does_not_serve_is_one_line(bucket: str, cluster: LocalCluster, tmp_path: Path) -> None:
    engine = ("--engine", "dask", "--dask-scheduler", cluster.scheduler_address)
    code, said, report_json = report(tmp_path / "report.json", *engine, ZEEKSMTP_LAKE_URL="s3://no-such-bucket/x")
    assert (code, report_json) == (ExitCode.UNUSABLE, {})
    assert "lake_url s3://no-such-bucket/x" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("url", ["nonsense://x", "gs://not-installed/x"])
def test_a_store_that_nobody_knows_is_refused(url: str) -> None:
    with pytest.raises(UnusableError, match=f"lake_url {url} does not serve"):
        ObjectStore(url).check()


def test_what_could_not_be_fetched_leaves_nothing_in_the_lake(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="does not serve"):
        ObjectStore(f"file://{tmp_path}/nowhere").fetch("ab.parquet", "conn", tmp_path / "lake")
    assert [path for path in (tmp_path / "lake").rglob("*") if path.is_file()] == []
