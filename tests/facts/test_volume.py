"""Guards the volume of a client-hour: the hour that a clock shows twice has no other to be compared with."""

from datetime import UTC, datetime, timedelta

from tests.facts.tables import CONNECTION, LINE, fact
from zeeksmtp.model import Site

_OTHER = {"orig_bytes": 900, "history": "ShADadFf", "conn_state": "SF", "service": "smtp"}


def test_the_hour_that_comes_twice_is_not_judged() -> None:
    """In Berlin the hour from two to three came twice on 2026-10-25, at 0:00 and 1:00 UTC."""
    midnight = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    hours = [midnight + timedelta(hours=n) for n in range(4)]
    own = [{"uid": f"C{n}", "client_port": n + 1, "ts": hour} for n, hour in enumerate(hours)]
    mail = {"trans_depth": 1, "mailfrom": "a@x.example", "rcptto": ["b@y.example"], "last_reply": "250 Ok"}
    rows = fact(
        "volume",
        Site(timezone="Europe/Berlin"),
        conn=[CONNECTION | _OTHER | {"local_orig": True} | one for one in own],
        smtp=[LINE | mail | one for one in own],
    )
    judged = {row["hour"].hour: row["p"] is not None for row in rows}
    assert judged == {23: True, 0: False, 1: False, 2: True}
