"""Mail volume, as the daily summary of a mail server has it. Raw, like `phrases`: each form escapes what it prints."""

from collections.abc import Sequence

from zeeksmtp.model import Count, Report
from zeeksmtp.rendering.phrases import counted, name
from zeeksmtp.rendering.sentences import no_volumes

TITLE = "Mail volume"
MAX_ROWS = 10
"""Senders, clients, … that are listed."""
_NOBODY = "<>"


def messages(report: Report) -> list[str]:
    """Return how many messages there were and at what hours, or why there are none."""
    hours = [hour for hour in report.traffic.hours if hour.count]
    if not hours and report.coverage.logs.get("smtp"):
        return ["No mail with content was seen in smtp.log."]
    if not hours:
        return [no_volumes(report)]
    total = counted(sum(hour.count for hour in hours), "message")
    rest = "; none in the other hours" if len(hours) < len(report.traffic.hours) else ""
    by_hour = ", ".join(f"{hour.name}h {hour.count:,}" for hour in hours)
    return [f"{total} outside TLS; those inside are not visible.", f"By hour of the site's clock: {by_hour}{rest}."]


def refused(report: Report) -> str | None:
    """Return what a list of refusals, or none, rests on, where the list does not say it all."""
    logs, some = report.coverage.logs, bool(report.traffic.refusals)
    if logs.get("smtp_cmd"):
        return None if some else "No MAIL, RCPT, DATA or BDAT was refused in smtp_cmd.log."
    if not logs.get("smtp"):
        return "Refusals are not visible: smtp_cmd.log and smtp.log not found."
    known = "Refusals are those in the last replies to mails" if some else "No mail ended with a refusal"
    return f"{known}; others are not visible: smtp_cmd.log not found."


def tables(report: Report) -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    """Return head and rows of each list that has any."""
    traffic = report.traffic
    lists = (
        ("sender", "#messages", traffic.senders),
        ("client", "#messages", traffic.clients),
        ("recipients' domain", "#messages", traffic.recipient_domains),
        ("refusal", "#replies", traffic.refusals),
    )
    return [(_head(what, unit, counts), _rows(counts)) for what, unit, counts in lists if counts]


def _head(what: str, unit: str, counts: Sequence[Count]) -> tuple[str, str]:
    return (f"{what}, top {MAX_ROWS}" if len(counts) > MAX_ROWS else what), unit


def _rows(counts: Sequence[Count]) -> list[tuple[str, str]]:
    return [(name(count.name or _NOBODY), f"{count.count:,}") for count in counts[:MAX_ROWS]]
