"""Where the viewer's entries come from: a finished report, or the state of scheduled passes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from zeeksmtp.model import Finding, Incident, Report, Site
from zeeksmtp.report.entries import Entry, EntrySource
from zeeksmtp.session_view import transcript
from zeeksmtp.session_view.view import session_view
from zeeksmtp.state import decisions
from zeeksmtp.state.memory import Memory
from zeeksmtp.state.store import open_store


@dataclass(frozen=True)
class Snapshot:
    """What there is to see at one moment. `decided` has lines, not escaped yet, by id of the finding."""

    entries: EntrySource
    report: Report | None = None
    suppressed: frozenset[str] = frozenset()
    decided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def members(self, entry: Entry) -> list[Finding]:
        """Return the findings of an incident, as far as they are there; of a finding itself."""
        if isinstance(entry, Finding):
            return [entry]
        return [self._by_id[id_] for id_ in entry.findings if id_ in self._by_id]

    @cached_property
    def _by_id(self) -> Mapping[str, Finding]:
        return {finding.id: finding for finding in self.entries.findings}

    def find(self, id_: str) -> Entry | None:
        """Return the incident or finding with an id."""
        things: Sequence[Incident | Finding] = (*self.entries.incidents, *self.entries.findings)
        return next((thing for thing in things if thing.id == id_), None)

    def state_of(self, entry: Entry) -> str:
        """Return the state of an entry: `suppressed` where all of its findings are."""
        ids = {finding.id for finding in self.members(entry)}
        return "suppressed" if ids and ids <= self.suppressed else entry.state or ""


class ViewSource(ABC):
    """What the viewer looks at. `logs` are searched for transcripts; `title` is not escaped yet."""

    can_decide = False

    def __init__(self, title: str, logs: Sequence[Path], site: Site) -> None:
        self.title = title
        self.logs = tuple(logs)
        self.site = site

    @abstractmethod
    def load(self) -> Snapshot:
        """Return what there is to see now."""

    def transcript(self, uid: str) -> str:
        """Return one connection as text. Raises `NoInputError` if no log has it."""
        view, _ = session_view(self.logs, uid, self.site)
        return transcript.text(view)


class ReportSource(ViewSource):
    """A finished report: nothing can be decided about it."""

    def __init__(self, report: Report, title: str, logs: Sequence[Path], site: Site) -> None:
        super().__init__(title, logs, site)
        self._snapshot = Snapshot(report, report)

    def load(self) -> Snapshot:
        """Return the report."""
        return self._snapshot


class StateSource(ViewSource):
    """What scheduled passes remember; decisions are written there, and can be taken back while the viewer runs."""

    can_decide = True

    def __init__(self, path: Path, logs: Sequence[Path], site: Site) -> None:
        super().__init__(str(path), logs, site)
        self._path = path
        self._undo: list[decisions.Undo] = []

    def load(self) -> Snapshot:
        """Read the state."""
        with open_store(self._path) as store, store.transaction() as connection:
            return _snapshot(Memory.load(connection))

    def acknowledge(self, entry: Entry, reason: str) -> int:
        """Acknowledge the findings of an entry; return how many they are."""
        with open_store(self._path) as store, store.transaction() as connection:
            memory = Memory.load(connection)
            found = memory.members(entry) if isinstance(entry, Incident) else [memory.findings[entry.id]]
            self._undo.append(decisions.acknowledge(connection, found, reason))
        return len(found)

    def suppress(self, entry: Entry, reason: str, expires: date | None) -> int:
        """Suppress the findings of an entry, its symptoms as well; return how many they are."""
        with open_store(self._path) as store, store.transaction() as connection:
            memory = Memory.load(connection)
            found = memory.members(entry) + memory.symptoms(entry) if isinstance(entry, Incident) else []
            ids = [known.finding.id for known in found] or [entry.id]
            self._undo.append(decisions.suppress(connection, ids, reason, expires))
        return len(ids)

    def undo(self) -> bool:
        """Take the last decision back; return whether there was one."""
        if not self._undo:
            return False
        with open_store(self._path) as store, store.transaction() as connection:
            self._undo[-1](connection)
        self._undo.pop()
        return True


def _snapshot(memory: Memory) -> Snapshot:
    decided = {id_: tuple(memory.decided(id_)) for id_ in memory.findings}
    return Snapshot(
        memory.entries(),
        suppressed=frozenset(memory.suppressions),
        decided={id_: lines for id_, lines in decided.items() if lines},
    )
