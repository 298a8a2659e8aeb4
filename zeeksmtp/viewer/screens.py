"""The viewer's screens besides the table: a page of text, the transcript of a session, and the reason of a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import ClassVar, NamedTuple

from rich.console import RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Static

from zeeksmtp.errors import ZeekSmtpError
from zeeksmtp.report.entries import Entry
from zeeksmtp.viewer.pages import transcript_page


class PageScreen(Screen[None]):
    """A page of text that scrolls. `entry` is the incident or finding that it shows, if it shows one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", priority=True)]

    def __init__(self, render: Callable[[], RenderableType], entry: Entry | None = None) -> None:
        super().__init__()
        self._content = render
        self.entry = entry

    def compose(self) -> ComposeResult:
        """Yield the widgets."""
        with VerticalScroll(id="page"):
            yield Static(self._content(), id="text", markup=False)
        yield Static("", id="status", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def refresh_page(self) -> None:
        """Show what there is to see now."""
        self.query_one("#text", Static).update(self._content())

    def action_back(self) -> None:
        """Go back to the table."""
        self.dismiss()


class TranscriptScreen(Screen[None]):
    """The transcripts of sessions, one at a time; each is searched for when it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", priority=True),
        Binding("n", "step(1)", "Next session"),
        Binding("p", "step(-1)", "Previous session"),
    ]

    def __init__(self, uids: Sequence[str], transcript: Callable[[str], str]) -> None:
        super().__init__()
        self._uids = uids
        self._at = 0
        self._transcript = transcript

    def compose(self) -> ComposeResult:
        """Yield the widgets."""
        with VerticalScroll(id="page"):
            yield Static("", id="text", markup=False)
        yield Static("", id="status", markup=False)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Search the first session."""
        self.action_step(0)

    def action_step(self, by: int) -> None:
        """Show the session that lies so many further; at either end it goes on at the other."""
        self._at = (self._at + by) % len(self._uids)
        uid = self._uids[self._at]
        self.query_one("#status", Static).update(Text(f"session {self._at + 1} of {len(self._uids)}"))
        self.query_one("#text", Static).update(transcript_page(f"Searching the logs for {uid} …"))
        self._search(uid)

    @work(thread=True, exclusive=True)
    def _search(self, uid: str) -> None:
        try:
            said = self._transcript(uid)
        except ZeekSmtpError as error:
            said = str(error)
        self.app.call_from_thread(self._found, uid, said)

    def _found(self, uid: str, said: str) -> None:
        # A search cannot be stopped: the answer to an earlier one is of no use any more.
        if uid == self._uids[self._at]:
            self.query_one("#text", Static).update(transcript_page(said))

    def action_back(self) -> None:
        """Go back to where the session was opened."""
        self.dismiss()


class Decision(NamedTuple):
    """What the operator says: why, and for a suppression the first day (UTC) on which it no longer holds."""

    reason: str
    expires: date | None = None


class DecisionScreen(ModalScreen[Decision | None]):
    """Asks for the reason of a decision, and where it can end for its last day."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", priority=True)]

    def __init__(self, title: RenderableType, *, can_expire: bool) -> None:
        super().__init__()
        self._title = title
        self._can_expire = can_expire

    def compose(self) -> ComposeResult:
        """Yield the widgets."""
        with Vertical(id="dialog"):
            yield Static(self._title, markup=False)
            yield Input(
                placeholder="reason, for colleagues who read it later; enter confirms", id="reason", compact=True
            )
            if self._can_expire:
                hint = "first day on which it no longer holds, as 2027-03-01; empty: for good"
                yield Input(placeholder=hint, id="expires", compact=True)
            yield Static("", id="problem", markup=False)

    def on_input_submitted(self) -> None:
        """Return the decision, if it is complete; else say what is missing."""
        reason = self.query_one("#reason", Input).value.strip()
        day = self.query_one("#expires", Input).value.strip() if self._can_expire else ""
        problem = _problem(reason, day)
        if problem:
            self.query_one("#problem", Static).update(Text(problem))
        else:
            self.dismiss(Decision(reason, date.fromisoformat(day) if day else None))

    def action_cancel(self) -> None:
        """Decide nothing."""
        self.dismiss(None)


def _problem(reason: str, day: str) -> str:
    """Return what keeps a decision from being made, or nothing."""
    if not reason:
        return "say why: the reason is empty"
    try:
        ends = date.fromisoformat(day) if day else None
    except ValueError:
        return "that is no day; write 2027-03-01"
    if ends is not None and ends <= datetime.now(UTC).date():
        return "that day is not in the future"
    return ""
