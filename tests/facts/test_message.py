"""Guards what counts as a mail and when it was accepted; and the volumes per hour of the site's clock."""

import pytest

from tests.facts.tables import LINE, fact

MAIL = LINE | {"trans_depth": 1, "mailfrom": "<Ann@Shop.example>", "rcptto": ["a@x.example", "<b@Y.example.>", "root"]}


@pytest.mark.parametrize(
    ("last_reply", "fuids", "accepted"),
    [
        ("250 2.0.0 Ok: queued as 1", ["F1"], True),
        ("250 2.0.0 Ok: queued as 1", None, True),
        ("250 2.0.0 Ok: queued as 1", [], True),
        ("250 OK id=1xVYnZ-0008CZ-2o", [], True),
        ("250 2.6.0 <1@x.example> Queued mail for delivery", [], True),
        ("250 ok", [], True),
        ("250 2.1.5 Ok", [], False),
        ("250 2.1.5 Ok", None, False),
        ("221 2.0.0 Bye", [], False),
        ("554 5.7.1 spam", ["F1"], False),
        ("nonsense", ["F1"], False),
        (None, None, False),
    ],
)
def test_accepted_means_that_content_was_answered_250(
    last_reply: str | None, fuids: list[str] | None, accepted: bool
) -> None:
    (row,) = fact("message", smtp=[MAIL | {"last_reply": last_reply, "fuids": fuids}])
    assert row["accepted"] is accepted


def test_a_refused_sender_is_no_mail() -> None:
    refused = MAIL | {"rcptto": None, "last_reply": "472 4.7.1 Not now"}
    absent: tuple[list[str] | None, ...] = ([], None)
    for fuids in absent:
        (row,) = fact("message", smtp=[refused | {"fuids": fuids}])
        assert row["content"] is False
        assert fact("host_hour", smtp=[refused | {"fuids": fuids}])[0]["messages"] == 0


def test_a_bare_250_is_a_mail_where_the_session_counted_one() -> None:
    mail = MAIL | {"last_reply": "250 2.0.0 Ok", "fuids": []}
    for accepted in (1, 0):
        (row,) = fact("message", smtp=[mail], smtp_session=[LINE | {"messages_accepted": accepted}])
        assert row["content"] is bool(accepted), "the answer to RSET reads the same"
    assert fact("message", smtp=[mail])[0]["content"] is None


def test_addresses_are_read_from_the_envelope() -> None:
    (row,) = fact("message", smtp=[MAIL])
    assert (row["sender"], row["sender_domain"], row["recipients"]) == ("ann@shop.example", "shop.example", 3)
    assert row["recipient_domains"] == ["x.example", "y.example"]


def test_the_line_of_a_starttls_is_no_mail() -> None:
    assert fact("message", smtp=[LINE | {"trans_depth": 1, "helo": "ws", "tls": True}]) == []


def test_volumes_are_counted_per_hour() -> None:
    mails = [MAIL | {"uid": f"C{n}", "client_port": n, "ts": f"{n * 40}m", "last_reply": "250 ok"} for n in range(3)]
    rows = sorted(fact("host_hour", smtp=mails), key=lambda row: row["hour"])
    assert [(row["hour"].hour, row["messages"], row["recipients"]) for row in rows] == [(0, 2, 6), (1, 1, 3)]
    assert {row["domains_written_to"] for row in rows} == {2}


def test_a_mail_after_midnight_counts_for_the_day_of_its_session() -> None:
    sessions = [LINE | {"ts": "23h50m"}, LINE | {"uid": "C2", "client_port": 2, "ts": "1d1m"}]
    mails = [MAIL | {"ts": "1d2m"}, MAIL | {"uid": "C2", "client_port": 2, "ts": "1d3m"}]
    rows = sorted(fact("host_hour", smtp_session=sessions, smtp=mails), key=lambda row: row["hour"])
    assert [(row["hour"].hour, row["sessions"], row["messages"]) for row in rows] == [(23, 1, 1), (0, 1, 1)]


def test_a_mail_counts_in_an_hour_in_which_no_session_began() -> None:
    rows = fact("host_hour", smtp_session=[LINE | {"ts": "10m"}], smtp=[MAIL | {"ts": "1h10m"}])
    assert sorted((row["hour"].hour, row["sessions"], row["messages"]) for row in rows) == [(0, 1, 0), (1, 0, 1)]
