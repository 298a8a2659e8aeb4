"""Guards `--engine dask`: the local engine's report, whatever becomes of a worker, and one line if it cannot be had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from dask.config import set as settings
from distributed import Client, LocalCluster

from benchmarks.day import write_day
from tests.conftest import CAPTURES, WIDE
from zeeksmtp import config, pipeline
from zeeksmtp.cli.app import run
from zeeksmtp.engine import dask
from zeeksmtp.engine.dask import DaskEngine
from zeeksmtp.engine.local import LocalEngine
from zeeksmtp.errors import ExitCode, UnusableError
from zeeksmtp.ingest import FileRecord
from zeeksmtp.model import Report
from zeeksmtp.reading.discover import Source, find

OFFICE = CAPTURES.parent / "scenarios" / "office" / "logs"
NAMES = sorted(path.name for path in CAPTURES.iterdir() if path.is_dir())


def engine(cluster: LocalCluster) -> DaskEngine:
    return DaskEngine(cluster.scheduler_address)


def request(*paths: Path, **settings: Any) -> pipeline.Request:
    return pipeline.Request(paths, config.load(**settings), engine="dask" if settings else "local")


def bytes_of(report: Report) -> str:
    return report.model_dump_json(exclude={"run"})


SOME = [CAPTURES / name for name in (NAMES if WIDE else NAMES[::6])]
"""Dask only carries the work of the local engine elsewhere: what is in the logs matters little."""


@pytest.mark.parametrize("source", [*SOME, OFFICE], ids=lambda path: path.name)
def test_the_report_is_that_of_the_local_engine(source: Path, cluster: LocalCluster) -> None:
    """Of a capture both forms at once, TSV and JSON."""
    there = pipeline.run(request(source, dask_scheduler=cluster.scheduler_address))
    assert there.inputs.totals.kept
    assert bytes_of(there) == bytes_of(pipeline.run(request(source)))


def test_a_stream_is_read_here(cluster: LocalCluster, captures: Path) -> None:
    logs = captures / "auth_plain_initial" / "tsv"
    with tempfile.TemporaryFile() as stream:
        stream.write(b"".join(path.read_bytes() for path in sorted(logs.glob("smtp*.log"))))
        stream.flush()
        paths = [Path(f"/dev/fd/{stream.fileno()}"), logs / "conn.log"]
        there = pipeline.run(request(*paths, dask_scheduler=cluster.scheduler_address))
        assert bytes_of(there) == bytes_of(pipeline.run(request(*paths)))
    assert there.findings


def test_a_killed_worker_costs_only_time(cluster: LocalCluster, tmp_path: Path) -> None:
    sources = find([write_day(tmp_path, rows=960_000)]).sources
    done: list[Path] = []
    killed: list[int] = []

    with Client(cluster.scheduler_address, set_as_default=False) as watcher:
        before = watcher.run(os.getpid)

        def progress(record: FileRecord) -> None:
            done.append(record.source.path)
            busy = [worker for worker, tasks in watcher.processing().items() if tasks]
            if len(done) == 3:
                killed.append(before[busy[0]])
                os.kill(killed[0], signal.SIGKILL)

        lake, plain = tmp_path / "dask", tmp_path / "local"
        lake.mkdir()
        records = engine(cluster).ingest(sources, lake, progress)
        watcher.wait_for_workers(2)
        after = set(watcher.run(os.getpid).values())
    assert killed[0] in before.values()
    assert killed[0] not in after
    assert sorted(done) == [source.path for source in sources] == [record.source.path for record in records]
    assert all(record.problem is None for record in records)
    LocalEngine().ingest(sources, plain)
    names = {path.name: path.read_bytes() for path in plain.glob("*/*.parquet")}
    assert len(names) == 24
    assert names == {path.name: path.read_bytes() for path in lake.glob("*/*.parquet")}


def test_a_file_that_kills_its_workers_is_that_files_problem(captures: Path) -> None:
    """Here after one death; by default Dask tries four times."""
    source = find([captures / "vrfy_scan" / "tsv"]).sources[0]
    with (
        settings({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as own,
        Client(own.scheduler_address, set_as_default=False) as client,
    ):
        record = dask._result(client, client.submit(_deadly, source), source)
    assert record.source == source
    assert "died" in str(record.problem)


def _deadly(_: Source) -> FileRecord:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_paths_may_be_relative(cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers stand elsewhere; the report names the files as they were given."""
    monkeypatch.chdir(CAPTURES)
    report = pipeline.run(request(Path("vrfy_scan/tsv"), dask_scheduler=cluster.scheduler_address))
    assert report.errors == ()
    assert {file.path.split("/")[0] for file in report.inputs.files} == {"vrfy_scan"}


def test_the_lake_lies_where_the_settings_say(cluster: LocalCluster, captures: Path, tmp_path: Path) -> None:
    there = {"lake_dir": tmp_path, "dask_scheduler": cluster.scheduler_address}
    seen: list[Path] = []
    first = request(captures / "vrfy_scan" / "tsv", **there)
    message = pipeline.Request(
        first.paths, first.settings, engine="dask", progress=lambda record: seen.append(record.part or tmp_path)
    )
    pipeline.run(message)
    assert any(part.suffix == ".parquet" and part.is_relative_to(tmp_path) for part in seen)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_worker_does_not_see_is_that_files_problem(captures: Path, tmp_path: Path) -> None:
    source = find([captures / "vrfy_scan" / "tsv"]).sources[0]
    gone = Source(tmp_path / "conn.log", source.log, source.format, 1)
    task = dask._Task(tmp_path, tmp_path)
    assert "lie at the same path" in str(task(gone).problem)
    assert task(source).problem is None


@pytest.mark.parametrize(
    ("proof", "version", "message"),
    [("not-there", dask.__version__, "does not see the lake"), (".", "0.0.0", "install the same")],
)
def test_a_worker_that_does_not_serve_ends_the_run(proof: str, version: str, message: str, tmp_path: Path) -> None:
    task = dask._Task(tmp_path, tmp_path / proof, version=version)
    with pytest.raises(UnusableError, match=message):
        task(Source(tmp_path, "conn", "tsv", 1))


def test_an_error_of_a_worker_ends_the_run_and_leaves_nothing_running(
    cluster: LocalCluster, captures: Path, tmp_path: Path
) -> None:
    """Else a worker would go on writing into a lake that the run has removed."""
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "conn").write_text("in the way")
    with pytest.raises(FileExistsError):
        engine(cluster).ingest(find([captures / "vrfy_scan" / "tsv"]).sources, lake)
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        assert not any(client.processing().values())
        assert not any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values())


def test_an_interrupted_run_waits_for_what_the_workers_have_begun(cluster: LocalCluster, tmp_path: Path) -> None:
    def interrupt(_: FileRecord) -> None:
        raise KeyboardInterrupt

    lake = tmp_path / "lake"
    lake.mkdir()
    sources = find([write_day(tmp_path, rows=960_000)]).sources
    with pytest.raises(KeyboardInterrupt):
        engine(cluster).ingest(sources, lake, interrupt)
    before = sorted(lake.rglob("*"))
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        assert not any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values())
    assert [path.name for path in before if path.name.startswith(".")] == []
    assert len(before) < len(sources)


@pytest.mark.parametrize(("victim", "message"), [(0, "scheduler is gone"), (1, "has no worker")])
def test_what_dies_for_good_ends_the_run(victim: int, message: str, tmp_path: Path) -> None:
    """In one line, and not with a wait for ever."""
    lake, file = tmp_path / "lake", tmp_path / "scheduler.json"
    lake.mkdir()
    sources = find([write_day(tmp_path, rows=240_000)]).sources
    with ExitStack() as stack:
        processes = [stack.enter_context(_started(role, file, *more)) for role, more in _ROLES]
        while not (file.exists() and file.read_text()):  # it is there before it is written
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        with pytest.raises(UnusableError, match=message):
            DaskEngine(address).ingest(sources, lake, lambda _: processes[victim].kill())


_ROLES = (("scheduler", ("--port", "0")), ("worker", ("--no-nanny", "--death-timeout", "9")))


@contextmanager
def _started(role: str, file: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dask", role, "--no-dashboard", "--scheduler-file", str(file), *more]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()  # else leaving `Popen` would wait for it, also after a failed test


def test_a_part_that_is_not_seen_here_is_waited_for_and_then_refused(tmp_path: Path, captures: Path) -> None:
    (record,) = LocalEngine().ingest(find([captures / "vrfy_scan" / "tsv" / "smtp_cmd.log"]).sources, tmp_path)
    dask._wait_for([record])
    assert record.part is not None
    record.part.unlink()
    with pytest.raises(UnusableError, match="lake_dir"):
        dask._wait_for([record], seconds=0.1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--dask-scheduler"),
        (["--dask-scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler at"),
        (["--dask-scheduler", "nonsense"], "no Dask scheduler at"),
    ],
)
def test_without_a_scheduler_one_line_says_what_to_do(
    words: list[str], message: str, captures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "_ANSWER", 0.5)
    code = run(["report", str(captures / "vrfy_scan" / "tsv"), "--engine", "dask", *words])
    assert code == ExitCode.UNUSABLE
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_without_the_extra_one_line_names_it(
    captures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run(["report", str(captures / "vrfy_scan" / "tsv"), "--engine", "dask"]) == ExitCode.UNUSABLE
    assert capsys.readouterr().err.endswith("--engine dask needs distributed: pip install 'zeeksmtp[dask]'\n")
