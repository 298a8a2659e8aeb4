"""What the viewer shows of one thing in full, as renderables. Logged text goes through `outputs._console.text`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from zeeksmtp.escaping import plain
from zeeksmtp.model import Finding, HostRole, View
from zeeksmtp.rendering import incident_text, phrases
from zeeksmtp.rendering.console import badge, indented, item, text
from zeeksmtp.rendering.detail import detail
from zeeksmtp.report.entries import Entry
from zeeksmtp.report.filters import is_same_account
from zeeksmtp.report.query import HELP
from zeeksmtp.viewer.source import Snapshot

MAX_LISTED_ENTRIES = 200
"""Incidents and findings that are listed of one host or account."""
_DIALOGUE = re.compile(r"  (\d\d:\d\d| {29})")
"""A line of the dialogue begins with its times, or with as many blanks."""
KEYS: Mapping[str, str] = {
    "1 to 5": "incidents, findings, hosts, accounts, sessions",
    "enter": "open the row: incident, finding, host, account, or the transcript of a session",
    "/": "search; escape in the table clears the search",
    "o, O": "sort by the next column; in the other direction",
    "t": "transcript of the first session behind the row; n and p show the next and the previous one",
    "a, x": "acknowledge, suppress (over what scheduled passes remember)",
    "u": "take the last decision back",
    "r": "read the state anew",
    "escape, q": "back, quit",
}


def entry_page(entry: Entry, snapshot: Snapshot, view: View) -> RenderableType:
    """Return an incident or a finding with evidence, steps, sessions, and what was decided about it."""
    decided = [line for finding in snapshot.members(entry) for line in snapshot.decided.get(finding.id, ())]
    return Group(*detail(entry, snapshot.entries, view), *(indented(text(line)) for line in decided))


def host_page(host: str, snapshot: Snapshot) -> RenderableType:
    """Return what is known of a host: names, role, traffic, and its incidents and findings."""
    return Group(
        text(f"Host {host}", "bold"),
        *_host_facts(host, snapshot),
        *_entries(snapshot, lambda entry: host in entry.clients or host in entry.servers),
    )


def account_page(account: str, snapshot: Snapshot) -> RenderableType:
    """Return the incidents and findings of an account, and whether its password has to be changed."""
    due = snapshot.report.credentials_to_change if snapshot.report else ()
    change = [f"at {c.server}, last seen {phrases.stamp(c.last)} UTC" for c in due if c.account == account]
    return Group(
        text(f"Account {phrases.name(account)}", "bold"),
        *(item(f"password to change {line}") for line in change),
        *_entries(snapshot, lambda entry: any(is_same_account(one, account) for one in entry.accounts)),
    )


class _Hanging:
    """A line whose continuation is indented: a long reply must not look like a line of the transcript."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._indent = 33 if _DIALOGUE.match(line) else 15 if line.startswith("  ") else 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - self._indent, 20)
        first, rest = self._line[: self._indent], self._line[self._indent :]
        for number, part in enumerate(Text(rest).wrap(console, width) or [Text()]):
            yield Text(" " * self._indent if number else first) + part


def transcript_page(said: str) -> RenderableType:
    """Return the transcript of a session; its text is escaped, and once more here."""
    return Group(*(_Hanging(plain(line)) for line in said.splitlines()))


def help_page() -> RenderableType:
    """Return the keys and the search language."""
    return Group(
        text("Keys", "bold"),
        *(text(f"  {key:<10} {what}") for key, what in KEYS.items()),
        Text(),
        text("Search: terms parted by blanks, all of which must hold; any other word must occur in the row", "bold"),
        *(text(f"  {example}") for example in HELP.values()),
    )


def _host_facts(host: str, snapshot: Snapshot) -> Iterable[RenderableType]:
    names = snapshot.entries.hosts.get(host, ())
    yield from (item(f"name {phrases.name(name.name)} ({name.source})") for name in names)
    report = snapshot.report
    if report is None:
        return
    roles: Iterable[HostRole] = (role for role in report.roles if role.host == host)
    yield from (item(f"role {role.role}: {role.reason}") for role in roles)
    for server in (server for server in report.posture.servers if server.server == host):
        yield item(f"port {server.port}: {server.sessions:,} sessions, {phrases.number(server.tls_sessions)} with TLS")
    for client in (client for client in report.posture.clients.rows if client.client == host):
        yield item(f"as client: {client.sessions:,} sessions, {phrases.number(client.tls_sessions)} with TLS")


def _entries(snapshot: Snapshot, concerns: Callable[[Entry], bool]) -> Iterable[RenderableType]:
    for label, all_of_them in (("Incidents", snapshot.entries.incidents), ("Findings", snapshot.entries.findings)):
        found = [entry for entry in all_of_them if concerns(entry)]
        if found:
            yield Text()
            yield text(f"{label} ({len(found):,})", "bold")
        yield from (_line(entry) for entry in found[:MAX_LISTED_ENTRIES])


def _line(entry: Entry) -> RenderableType:
    when = phrases.span(entry.first, entry.last)
    head = Text.assemble(badge(entry.severity), " ", text(phrases.title(entry)), text(f"  {when}  {entry.id}", "dim"))
    body = indented(text(phrases.summary(entry), "dim"), 9) if isinstance(entry, Finding) else Text()
    steps = [indented(text(step), 9) for step in [incident_text.next_step(entry)] if step]
    return Group(head, *([body] if body else []), *steps)
