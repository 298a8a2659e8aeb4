"""Guards the sums of mail: what counts as a message, the window, the order, and where refusals come from."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cases import moment
from tests.facts.tables import LINE, facts
from zeeksmtp.model import Context, Count, Site, Traffic, Window
from zeeksmtp.report.traffic import traffic_of

MAIL = LINE | {
    "trans_depth": 1,
    "mailfrom": "<ann@shop.example>",
    "rcptto": ["<bob@y.example>"],
    "last_reply": "250 2.0.0 Ok",
    "fuids": ["F1"],
}


def mail(n: int, **changes: Any) -> dict[str, Any]:
    """Return the mail of a connection of its own, `n` minutes after the start."""
    return MAIL | {"uid": f"C{n}", "client_port": n, "ts": f"{n}m"} | changes


def command(n: int, verb: str, code: int, status: str | None = None) -> dict[str, Any]:
    """Return a command and its reply."""
    return LINE | {"ts": f"{n}m", "seq": n, "command": verb, "reply_code": code, "reply_status": status}


def traffic(window: Window | None = None, timezone: str = "UTC", **logs: Sequence[Mapping[str, Any]]) -> Traffic:
    """Return the sums over rows of logs."""
    context = Context(Site(timezone=timezone), window or Window())
    return traffic_of(facts(logs, context.site, context.window), lambda plan: plan.collect())


def pairs(counts: Sequence[Count]) -> list[tuple[str, int]]:
    """Return counts as plain pairs."""
    return [(count.name, count.count) for count in counts]


def test_messages_are_counted_by_sender_client_and_domain() -> None:
    sums = traffic(
        smtp=[
            mail(1),
            mail(2, rcptto=["<bob@y.example>", "<eve@Y.example>", "<joe@z.example>"]),
            mail(3, mailfrom="<>", client="10.0.1.6"),
        ]
    )
    assert pairs(sums.senders) == [("ann@shop.example", 2), ("", 1)]
    assert pairs(sums.clients) == [("10.0.1.5", 2), ("10.0.1.6", 1)]
    assert pairs(sums.recipient_domains) == [("y.example", 3), ("z.example", 1)], "one mail, one domain, one count"


def test_a_mail_whose_content_was_not_seen_is_no_message() -> None:
    sums = traffic(smtp=[mail(1), mail(2, fuids=[], last_reply="550 5.1.1 no"), mail(3, fuids=None)])
    assert pairs(sums.clients) == [("10.0.1.5", 2)], "without fuids it cannot be known, and counts"


def test_ties_are_sorted_by_name() -> None:
    sums = traffic(smtp=[mail(n, mailfrom=f"<{name}@x.example>") for n, name in enumerate("cab")])
    assert [count.name[0] for count in sums.senders] == ["a", "b", "c"]


def test_no_list_is_longer_than_twenty_and_the_busiest_stay() -> None:
    many = [mail(n, mailfrom=f"<{n:02}@x.example>") for n in range(25)]
    senders = traffic(smtp=[*many, mail(30, mailfrom="<24@x.example>")]).senders
    assert (len(senders), senders[0]) == (20, Count(name="24@x.example", count=2))


def test_only_the_window_counts() -> None:
    window = Window(since=moment("10m"), until=moment("20m"))
    refused = {"fuids": [], "last_reply": "550 5.1.1 no"}
    smtp = [mail(n) for n in (9, 10, 19, 20)]
    assert pairs(traffic(window, smtp=smtp).clients) == [("10.0.1.5", 2)]
    assert sum(hour.count for hour in traffic(window, smtp=smtp).hours) == 2
    assert pairs(traffic(window, smtp=[mail(n, **refused) for n in (9, 15)]).refusals) == [("550 5.1.1", 1)]
    commands = [command(n, "RCPT", 550) for n in (9, 15, 16, 20)]
    assert pairs(traffic(window, smtp_cmd=commands).refusals) == [("550", 2)]


def test_hours_are_all_there_and_those_of_the_sites_clock() -> None:
    late = mail(1, ts="2026-11-02T23:50:00+00:00")
    here, there = traffic(smtp=[late]).hours, traffic(timezone="Asia/Kolkata", smtp=[late]).hours
    assert [hour.name for hour in here] == [f"{n:02}" for n in range(24)]
    assert [hour.name for hour in here if hour.count] == ["23"]
    assert [hour.name for hour in there if hour.count] == ["05"], "05:20 there"


def test_refusals_are_replies_to_the_commands_that_deliver() -> None:
    commands = [
        command(1, "MAIL", 250),
        command(2, "RCPT", 550, "5.1.1"),
        command(3, "RCPT", 550, "5.1.1"),
        command(4, "DATA", 451),
        command(5, "AUTH", 535, "5.7.8"),
        command(6, "VRFY", 550, "5.1.1"),
    ]
    assert pairs(traffic(smtp_cmd=commands).refusals) == [("550 5.1.1", 2), ("451", 1)]


def test_without_commands_refusals_are_the_last_replies_of_mails() -> None:
    replies = ["550 5.1.1 no such user", "550-5.1.1 no such user", "452 full", "250 2.0.0 Ok", None]
    smtp = [mail(n, last_reply=reply, fuids=[]) for n, reply in enumerate(replies)]
    assert pairs(traffic(smtp=smtp).refusals) == [("550 5.1.1", 2), ("452", 1)]
    both = traffic(smtp=smtp, smtp_cmd=[command(1, "RCPT", 554)])
    assert pairs(both.refusals) == [("554", 1)], "with commands nothing counts twice"


def test_without_a_row_there_is_nothing_but_the_hours() -> None:
    sums = traffic()
    assert sums == Traffic(hours=tuple(Count(name=f"{hour:02}", count=0) for hour in range(24)))
