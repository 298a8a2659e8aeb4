"""Why figures fall short: what was found out about misses and false alarms, on the choosing half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evaluation.matching import Score

_NO_PAST = (
    "each source does so little that only the rate of all of them tells; in the first 30 hours of the logs there is "
    "no rate to compare with (a day of past, and six hours that must not be their own past)"
)
MISSED: Mapping[tuple[str, str], str] = {
    ("user-enumeration", "enumeration, distributed"): _NO_PAST,
    ("password-guessing", "guessing, many accounts by many"): _NO_PAST,
    ("starttls-stripped", "STARTTLS stripped: missing"): (
        "no other client, or as many stripped as spared ones, met the server in these logs on the days around: nobody "
        "can say whether it never offers STARTTLS, or somebody took it away"
    ),
    ("starttls-stripped", "STARTTLS stripped: refused"): (
        "found as medium, not high: the client is the server's only one in these logs, and 454 is also what a server "
        "with a broken certificate says"
    ),
    ("credential-exfiltration", "stealer"): (
        "mail servers are exempt, and a workstation that answered one port scanner counts as one (28 of 15,579 on the "
        "choosing half)"
    ),
    ("slow-growth", "slow growth"): (
        "a host that begins with four to six mails a day, or whose first week was uneven, grows within a week by what "
        "chance can do too, at the operator's false discovery rate (145 sites of the choosing half: 568 of 580 found, "
        "2 hosts named wrongly)"
    ),
}
FALSE: Mapping[str, str] = {
    "credential-exfiltration": (
        "low: people with an account at a hoster in clear, who write to one or two friends, irregularly"
    ),
    "new-direct-sender": "low: an application that delivers its report by itself, every night, to three servers",
    "slow-growth": "low: a host whose second week was busier than the first, day after day",
    "user-enumeration": (
        "a spam bot's mails to one server met several unknown names in a row: it asks for names all the same, which "
        "the truth of its event does not say"
    ),
}
_UNKNOWN = "not found out yet"


def reasons(detector: str, score: Score) -> Iterator[str]:
    """Return a sentence for each kind of event that was missed, and one for the false alarms."""
    for kind, (events, found) in sorted(score.by_kind.items()):
        if found < events:
            yield f"why missed ({kind}): {MISSED.get((detector, kind), _UNKNOWN)}."
    if score.accused:
        yield f"why false: {FALSE.get(detector, _UNKNOWN)}."
