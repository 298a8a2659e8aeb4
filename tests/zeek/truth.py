"""What `truth.json` of a capture says of the wire, in the shape in which the logs can be held to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.zeek.running import Row

Event = dict[str, Any]
Ends = tuple[str, str]
Exchange = tuple[str | None, ...]
CONFIRMING = {"VRFY": {"250", "251"}, "EXPN": {"250"}, "RCPT": {"250", "251"}}


def events(capture: Path, kind: str) -> list[Event]:
    """Return the events of one kind."""
    found = json.loads((capture / "truth.json").read_text())["events"]
    return [event for event in found if event["kind"] == kind]


def wire_counts(capture: Path) -> dict[str, Any]:
    """Return the lines counted on the wire."""
    counts: dict[str, Any] = json.loads((capture / "truth.json").read_text())["wire_counts"]
    return counts


def _clear_exchanges(capture: Path) -> dict[Ends, list[Event]]:
    found: dict[Ends, list[Event]] = {}
    clear = [event for event in events(capture, "auth") if not event["encrypted"]]
    for event in sorted(clear, key=lambda event: event["ts"]):
        found.setdefault((event["client"], str(event["client_port"])), []).append(event)
    return found


def expected_exchanges(capture: Path) -> dict[Ends, list[Exchange]]:
    """Return every AUTH exchange in clear by client and port, in order. The trace of ANONYMOUS is its user."""

    def row(event: Event) -> Exchange:
        initial = "T" if event["initial_response"] else "F"
        return (event["mechanism"], event.get("trace", event["user"]), event["outcome"], initial)

    return {ends: [row(event) for event in found] for ends, found in _clear_exchanges(capture).items()}


def expected_replies(capture: Path) -> dict[Ends, list[tuple[str, str]]]:
    """Return code and text of the last line that ended each exchange."""

    def reply(event: Event) -> tuple[str, str]:
        code, _, text = (event["reply"] or "").partition(" ")
        return code, text.strip()

    return {ends: [reply(event) for event in found] for ends, found in _clear_exchanges(capture).items()}


def by_connection(rows: Iterable[Row]) -> dict[Ends, list[Row]]:
    """Return the rows of a log by client and port, in order of time."""
    found: dict[Ends, list[Row]] = {}
    for row in in_time(rows):
        found.setdefault((str(row["id.orig_h"]), str(row["id.orig_p"])), []).append(row)
    return found


def in_time(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order in which the client spoke; a command without a reply is written at the end."""
    return sorted(rows, key=lambda row: float(row["ts"] or 0))


def seen_exchanges(rows: Iterable[Row]) -> dict[Ends, list[Exchange]]:
    """Return the exchanges of smtp_auth.log in the shape of `expected_exchanges`."""
    columns = ("mechanism", "user", "outcome", "initial_response")
    return {ends: [tuple(row[c] for c in columns) for row in found] for ends, found in by_connection(rows).items()}


def questions(rows: Iterable[Row], event: Event) -> list[Row]:
    """Return the commands of smtp_cmd.log that one enumeration consists of."""
    ends = (event["client"], event["server"], event["verb"])
    return [row for row in in_time(rows) if (row["id.orig_h"], row["id.resp_h"], row["command"]) == ends]


def name(arg: str) -> str:
    """Return the name that a command asks for."""
    return arg.partition(":")[2].strip(" <>") if arg.upper().startswith("TO:") else arg.strip(" <>")


def confirmed(rows: list[Row], verb: str) -> set[str]:
    """Return the names that the server confirmed: 252 says yes only where other names get a no."""
    yes = set(CONFIRMING[verb])
    if any(str(row["reply_code"]).startswith("55") for row in rows):
        yes.add("252")
    return {name(row["arg"] or "") for row in rows if row["reply_code"] in yes}


def codes(rows: Iterable[Row]) -> dict[str, int]:
    """Count the codes of the replies."""
    return dict(Counter(row["reply_code"] or "no reply" for row in rows))
