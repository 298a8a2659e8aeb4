"""Ingest on the workers of a Dask scheduler, plans on this machine: for more logs than one machine can read in time.

Workers see logs and lake at the same paths as this machine, so only names and counts go over the wire. Parts are named
by content and appear whole: the file of a worker that died is read again elsewhere and gives the same part.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zeeksmtp import __version__
from zeeksmtp.engine._store import ObjectStore
from zeeksmtp.engine.local import LocalEngine
from zeeksmtp.errors import UnusableError
from zeeksmtp.execution import Engine, EngineSettings, Progress
from zeeksmtp.ingest import FileRecord, every_record, ingest_file
from zeeksmtp.private_folders import private_folder
from zeeksmtp.reading.discover import Source

if TYPE_CHECKING:
    from distributed import Client, Future, Worker

_ANSWER: Final = 10.0  # seconds for the scheduler to answer, and for a worker to be there
_CACHES: Final = 90.0  # seconds; NFS clients keep a folder's listing for up to 60
_STREAMS = "/dev"
"""Where standard input and other spooled streams are found."""
_SAME_PATH: Final = "logs and `lake_dir` must lie at the same path on all workers"


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker gets beside the file: where the lake is, the file that proves it, or the store; and for whom."""

    lake: Path
    proof: Path
    store: ObjectStore | None = None
    version: str = __version__

    def __call__(self, source: Source) -> FileRecord:
        """Ingest one file, on a worker. Raises `UnusableError` for what would befall every other file too."""
        host = socket.gethostname()
        if __version__ != self.version:
            raise UnusableError(f"worker {host} has zeeksmtp {__version__}, not {self.version}: install the same")
        if self.store is None and not self.proof.exists():
            raise UnusableError(f"worker {host} does not see the lake in {self.lake}: {_SAME_PATH}")
        if not source.path.exists():
            return _unread(source, f"not there for worker {host}: {_SAME_PATH}")
        return ingest_file(source, self.lake) if self.store is None else _put(source, self.store)


def _put(source: Source, store: ObjectStore) -> FileRecord:
    with private_folder() as scratch:
        record = ingest_file(source, scratch)
        for one in every_record([record]):
            if one.part is not None:
                store.put(one.part, one.source.log)
    return record


class DaskEngine(LocalEngine):
    """Ingest on Dask's workers; plans by polars' streaming engine, here. See `Engine`."""

    def __init__(self, scheduler: str | None = None, lake_url: str | None = None) -> None:
        super().__init__()
        self.scheduler = scheduler
        self.lake_url = lake_url

    def configured(self, settings: EngineSettings) -> DaskEngine:
        """See `Engine.configured`."""
        return DaskEngine(settings.dask_scheduler, settings.lake_url)

    def ingest(self, sources: Sequence[Source], lake: Path, progress: Progress | None = None) -> list[FileRecord]:
        """See `Engine.ingest`. Raises `UnusableError` if scheduler, workers or lake do not serve."""
        # A stream is open in this process alone: on a worker the path would name something else.
        here = [source for source in sources if source.path.is_relative_to(_STREAMS)]
        there = [source for source in sources if source not in here]
        records = dict(zip(here, super().ingest(here, lake, progress), strict=True))
        with (
            _connected(self.scheduler) as client,
            _task(lake.absolute(), self.lake_url) as task,
            closing(_done(client, task, there)) as done,
        ):
            for number, record in done:
                records[there[number]] = record
                if progress is not None:
                    progress(record)
        in_order = [records[source] for source in sources]
        _wait_for(in_order)
        return in_order


@contextmanager
def _task(lake: Path, lake_url: str | None) -> Iterator[_Task]:
    """Make ready what the workers need, and leave nothing of it behind."""
    with tempfile.NamedTemporaryFile(dir=lake, prefix=".seen-") as proof:
        if lake_url is None:
            yield _Task(lake, Path(proof.name))
            return
        store = ObjectStore(f"{lake_url.rstrip('/')}/zeeksmtp-{os.urandom(8).hex()}")
        store.check()
        try:
            yield _Task(lake, Path(proof.name), store)
        finally:
            store.remove()


def _done(client: Client, task: _Task, sources: Sequence[Source]) -> Generator[tuple[int, FileRecord], None, None]:
    """Yield each source's number and record as it is done. The largest files go first, so that none is left to last."""
    order = sorted(range(len(sources)), key=lambda number: -sources[number].size)
    # Workers are elsewhere: what is relative here would be nowhere there.
    there = [replace(sources[number], path=sources[number].path.absolute()) for number in order]
    futures: list[Future[FileRecord]] = client.map(
        task, there, key=[f"zeeksmtp-{os.urandom(8).hex()}" for _ in order], pure=False
    )
    numbers = {future.key: number for future, number in zip(futures, order, strict=True)}
    try:
        for future in _completed(client, futures):
            number = numbers[future.key]
            yield number, _here(_result(client, future, sources[number]), sources[number].path, task)
    except BaseException:
        with suppress(OSError):  # the scheduler may be what is gone
            client.cancel(futures)
            client.run(_idle)  # else a worker would write into a lake that is being removed
        raise


def _completed(client: Client, futures: Sequence[Future[FileRecord]]) -> Iterator[Future[FileRecord]]:
    """Yield what is done, and do not wait for ever for workers that are gone."""
    from distributed import as_completed  # noqa: PLC0415 - an extra

    pending = set(futures)
    while pending:
        try:
            for future in as_completed(pending.copy(), loop=client.loop, timeout=_ANSWER):
                pending.remove(future)
                yield future
        except TimeoutError:
            _expect_worker(client)


async def _idle(dask_worker: Worker) -> None:
    """Wait, on a worker, until the files that it has begun are done."""
    while dask_worker.state.executing:
        await asyncio.sleep(0.05)


def _result(client: Client, future: Future[FileRecord], source: Source) -> FileRecord:
    from distributed import KilledWorker  # noqa: PLC0415 - an extra
    from distributed.client import FutureCancelledError  # noqa: PLC0415 - an extra
    from distributed.comm.core import CommClosedError  # noqa: PLC0415 - an extra
    from distributed.scheduler import NoValidWorkerError  # noqa: PLC0415 - an extra

    try:
        return _gathered(client, future)
    except KilledWorker:
        return _unread(source, "every worker that read it died: see their logs (memory?)")
    except (FutureCancelledError, NoValidWorkerError, CommClosedError) as error:
        raise UnusableError(f"the Dask scheduler is gone, or gave up ({error}); see its log, run again") from error
    except ModuleNotFoundError as error:
        raise UnusableError(f"a Dask worker lacks {error.name}; install zeeksmtp in the same version on all") from error


def _gathered(client: Client, future: Future[FileRecord]) -> FileRecord:
    """Return a task's result. One that was lost with its worker is made again, as long as there are workers."""
    while True:
        try:
            record: FileRecord = future.result(timeout=_ANSWER)
        except TimeoutError:
            if future.status == "error":
                raise  # it is the task's own
            _expect_worker(client)
        else:
            return record


def _here(record: FileRecord, path: Path, task: _Task) -> FileRecord:
    """Name the file as it was given, so that the report is that of any other engine; fetch what lies in a store."""
    source, part = replace(record.source, path=path), record.part
    if part is not None and task.store is not None:
        part = task.store.fetch(part.name, source.log, task.lake)
    return replace(record, source=source, part=part, others=tuple(_here(one, path, task) for one in record.others))


def _unread(source: Source, problem: str) -> FileRecord:
    return FileRecord(source, 0, 0, 0, first=None, last=None, problem=problem, note=None, part=None, rejects=())


@contextmanager
def _connected(scheduler: str | None) -> Iterator[Client]:
    """Connect to a scheduler that has workers."""
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise UnusableError(f"--engine dask needs {error.name}: pip install 'zeeksmtp[dask]'") from error
    if scheduler is None:
        raise UnusableError(
            "--engine dask needs an address, as --dask-scheduler tcp://HOST:8786 or `dask_scheduler` in the config; "
            "`dask scheduler` starts one"
        )
    try:
        client = Client(scheduler, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableError(f"no Dask scheduler at {scheduler} ({error}); `dask scheduler` starts one") from error
    with client:
        _expect_worker(client)
        yield client


def _expect_worker(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=_ANSWER)
    except TimeoutError as error:
        raise UnusableError("the Dask scheduler has no worker; `dask worker ADDRESS` starts one") from error


def _wait_for(records: Sequence[FileRecord], seconds: float = _CACHES) -> None:
    """Wait until every part is in this machine's listing of the lake, for that is what the plans read."""
    parts = {record.part for record in every_record(records) if record.part is not None}
    until = time.monotonic() + seconds
    while missing := parts - {path for folder in {part.parent for part in parts} for path in folder.iterdir()}:
        if time.monotonic() > until:
            raise UnusableError(
                f"{min(missing)} is not seen here, though a worker wrote it: `lake_dir` must be one folder, "
                "shared by all"
            )
        time.sleep(0.5)


ENGINE: Engine = DaskEngine()
