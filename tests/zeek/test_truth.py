"""The three logs say what happened on the wire: every exchange, every question for a name, every TLS session."""

from __future__ import annotations

from collections import Counter

from tests.zeek import truth
from tests.zeek.conftest import Logs


def test_every_exchange_in_clear_and_no_other(logs: Logs) -> None:
    assert truth.seen_exchanges(logs("smtp_auth")) == truth.expected_exchanges(logs.capture)


def test_replies_that_ended_exchanges(logs: Logs) -> None:
    """`truth.json` has the last line of a reply, the log the whole."""
    said = truth.expected_replies(logs.capture)
    for ends, rows in truth.by_connection(logs("smtp_auth")).items():
        for row, (code, text) in zip(rows, said[ends], strict=True):
            assert (row["reply_code"] or "") == code
            assert (row["reply_msg"] or "").endswith(text)


def test_authorisation_identities(logs: Logs) -> None:
    expected = Counter(
        e["authzid"] for e in truth.events(logs.capture, "auth") if e.get("authzid") and not e["encrypted"]
    )
    assert Counter(row["authzid"] for row in logs("smtp_auth") if row["authzid"]) == expected


def test_questions_for_names(logs: Logs) -> None:
    for event in truth.events(logs.capture, "enumeration"):
        rows = truth.questions(logs("smtp_cmd"), event)
        assert [truth.name(row["arg"] or "") for row in rows] == event["asked_names"]
        assert truth.codes(rows) == event["codes"]
        assert truth.confirmed(rows, event["verb"]) == set(event["confirmed"])


def test_tls(logs: Logs) -> None:
    for event in truth.events(logs.capture, "tls"):
        ends = (event["client"], event["server"], str(event["port"]))
        sessions = [s for s in logs("smtp_session") if (s["id.orig_h"], s["id.resp_h"], s["id.resp_p"]) == ends]
        seen = Counter(
            offered=sum(s["starttls_offered"] == "T" for s in sessions),
            used=sum(s["tls"] == "T" for s in sessions),
            ehlo=sum(s["capabilities"] is not None for s in sessions),
            connections=len(sessions),
        )
        clear = 0 if event["implicit"] else 1
        assert seen == Counter(
            offered=event["connections_offered"] * clear,
            used=event["connections_used"] * clear,
            ehlo=event["ehlo_seen"] * clear,
            connections=event["connections"] * clear,
        )


def test_how_starttls_was_answered(logs: Logs) -> None:
    sessions = [s for s in logs("smtp_session") if s["starttls_requested"] == "T"]
    refused = [text for event in truth.events(logs.capture, "tls") for text in event.get("starttls_refused", ())]
    assert all((s["starttls_code"] == "220") == (s["tls"] == "T") for s in sessions)
    assert Counter(s["starttls_code"] for s in sessions if s["tls"] == "F") == Counter(text[:3] for text in refused)


def test_commands_and_refusals_are_those_of_the_wire(logs: Logs) -> None:
    counts = truth.wire_counts(logs.capture)
    verbs = Counter(counts["verbs"]) + Counter(counts["verbs_without_reply"])
    del verbs["."]
    assert Counter(row["command"] for row in logs("smtp_cmd") if row["known"] == "T") == verbs
    for first in "45":
        refusals = sum(n for code, n in counts["replies"].items() if code.startswith(first))
        assert sum(int(s[f"replies_{first}xx"] or 0) for s in logs("smtp_session")) == refusals


def test_messages_that_were_accepted(logs: Logs) -> None:
    for event in truth.events(logs.capture, "volume"):
        if event["encrypted_connections"]:
            continue
        sessions = [s for s in logs("smtp_session") if s["id.orig_h"] == event["client"]]
        assert sum(int(s["messages_accepted"] or 0) for s in sessions) == event["messages"]


def test_zeek_has_nothing_to_say(logs: Logs) -> None:
    if logs.run is not None:
        assert (logs.run.returncode, logs.run.stderr, logs.run.stdout) == (0, "", "")
        assert not (logs.folder / "reporter.log").exists()
