"""What `truth.json` of a capture says of the wire, in the shape in which the logs can be held to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.zeek.running import Row

Event = dict[str, Any]
Exchange = tuple[str | None, ...]
CONFIRMING = {"VRFY": {"250", "251"}, "EXPN": {"250"}, "RCPT": {"250", "251"}}


def events(capture: Path, kind: str) -> list[Event]:
    """Give the events of one kind."""
    found = json.loads((capture / "truth.json").read_text())["events"]
    return [event for event in found if event["kind"] == kind]


def wire_counts(capture: Path) -> dict[str, Any]:
    """Give the lines counted on the wire."""
    counts: dict[str, Any] = json.loads((capture / "truth.json").read_text())["wire_counts"]
    return counts


def expected_exchanges(capture: Path) -> dict[tuple[str, str], list[Exchange]]:
    """Give every AUTH exchange in clear by client and port, in order. The trace of ANONYMOUS is its user."""
    found: dict[tuple[str, str], list[Exchange]] = {}
    clear = [event for event in events(capture, "auth") if not event["encrypted"]]
    for event in sorted(clear, key=lambda event: event["ts"]):
        user = event.get("trace", event["user"])
        row = (event["mechanism"], user, event["outcome"], "T" if event["initial_response"] else "F")
        found.setdefault((event["client"], str(event["client_port"])), []).append(row)
    return found


def seen_exchanges(rows: Iterable[Row]) -> dict[tuple[str, str], list[Exchange]]:
    """Give the same of smtp_auth.log."""
    found: dict[tuple[str, str], list[Exchange]] = {}
    for row in sorted(rows, key=lambda row: float(row["ts"] or 0)):
        exchange = (row["mechanism"], row["user"], row["outcome"], row["initial_response"])
        found.setdefault((str(row["id.orig_h"]), str(row["id.orig_p"])), []).append(exchange)
    return found


def questions(rows: Iterable[Row], event: Event) -> list[Row]:
    """Give the commands of smtp_cmd.log that one enumeration consists of."""
    ends = (event["client"], event["server"], event["verb"])
    return [row for row in rows if (row["id.orig_h"], row["id.resp_h"], row["command"]) == ends]


def name(arg: str) -> str:
    """Give the name that a command asks for."""
    return arg.partition(":")[2].strip(" <>") if arg.upper().startswith("TO:") else arg.strip(" <>")


def confirmed(rows: list[Row], verb: str) -> set[str]:
    """Give the names that the server confirmed: 252 says yes only where other names get a no."""
    yes = set(CONFIRMING[verb])
    if any(str(row["reply_code"]).startswith("55") for row in rows):
        yes.add("252")
    return {name(row["arg"] or "") for row in rows if row["reply_code"] in yes}


def codes(rows: Iterable[Row]) -> dict[str, int]:
    """Count the codes of the replies."""
    return dict(Counter(row["reply_code"] or "no reply" for row in rows))
