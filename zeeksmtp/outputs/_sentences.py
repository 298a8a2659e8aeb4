"""What the forms for people say of a report as a whole. Raw, like `_words`: each form escapes what it prints."""

from collections import Counter
from collections.abc import Iterable

from zeeksmtp.model import Finding, Incident, Report, ServerPosture, Severity
from zeeksmtp.outputs._words import UNKNOWN, action, counted, flag, who

SERVER_COLUMNS = ("server", "#port", "#sessions", "#with TLS", "STARTTLS", "AUTH in clear", "VRFY", "EXPN")
VOLUME_COLUMNS = ("client", "hour", "#messages", "#recipients", "#expected", "#upper")
"""Heads of tables; one that starts with `#` stands over numbers."""
LEGEND = f"{UNKNOWN} cannot be seen in these logs, or there is no baseline yet."
_SCRIPT_LOGS = ("smtp_session", "smtp_cmd")
_TLS_LOGS = ("smtp", "smtp_session", "ssl")


def counts(findings: Iterable[Finding]) -> str:
    """Count findings by severity, worst first."""
    by_severity = Counter(finding.severity for finding in findings)
    return ", ".join(f"{by_severity[s]:,} {s}" for s in reversed(Severity) if by_severity[s])


def first_step(report: Report) -> str | None:
    """Say what to do first: what the worst finding of the worst incident, or else the worst finding, asks for."""
    told = worst(report.incidents[0] if report.incidents else None, report.findings)
    return f"{who(told)}: {action(told)}" if told else None


def worst(incident: Incident | None, findings: Iterable[Finding]) -> Finding | None:
    """Give the worst finding of an incident, of equals the one that gave it its title; else the worst of all."""
    known = list(findings)
    story = [finding for finding in known if incident and finding.id in incident.findings]
    title = incident.title if incident else ""
    return max(story or known, key=lambda finding: (finding.severity.rank, finding.title == title), default=None)


def verdict(report: Report) -> str:
    """Sum up what was found."""
    if not report.findings:
        return "Nothing was found in what could be seen."
    what = counts(report.findings) + (" finding" if len(report.findings) == 1 else " findings")
    return what + (f" in {counted(len(report.incidents), 'incident')}." if report.incidents else ", no incident.")


def seen(report: Report) -> str:
    """Say which logs there were and which not: what any zero in the report rests on."""
    there = [f"{log}.log" for log, is_there in report.coverage.logs.items() if is_there]
    missing = [f"{log}.log" for log, is_there in report.coverage.logs.items() if not is_there]
    return f"read {', '.join(there) or 'no log'}" + (f"; not there: {', '.join(missing)}" if missing else "")


def no_passwords(report: Report) -> str:
    """Say why there is no password to change: none exposed, or none visible."""
    if report.coverage.logs.get("smtp_auth"):
        return "None: no credential that must be changed was seen in clear."
    return _missing(report, "smtp_auth", "nobody logged in without TLS")


def no_volumes(report: Report) -> str:
    """Say why there is no mail to count: none seen, or none visible."""
    if report.coverage.logs.get("smtp"):
        return "No mail was seen in smtp.log."
    return _missing(report, "smtp", "no mail was sent without TLS")


def _missing(report: Report, log: str, reason: str) -> str:
    """Say that a log is missing, and that this may mean nothing where Zeek wrote others of its kind."""
    beside = next((other for other in _SCRIPT_LOGS if report.coverage.logs.get(other)), None)
    if beside is None:
        return f"Not visible: {log}.log is not there."
    return (
        f"None seen: {log}.log is not there, though {beside}.log is. Zeek makes a log with its first line: either "
        f"{reason}, or the file was left out."
    )


def shows_tls(report: Report) -> bool:
    """Tell whether any log was there that shows TLS."""
    return any(report.coverage.logs.get(log) for log in _TLS_LOGS)


def encryption(report: Report) -> str:
    """Say how much of the traffic is encrypted, or that this cannot be seen."""
    posture = report.posture
    sessions = counted(posture.sessions, "SMTP session")
    if not posture.sessions:
        return f"No SMTP session was seen ({seen(report)})."
    if not shows_tls(report):
        return f"{sessions}; TLS is not visible: smtp.log, smtp_session.log and ssl.log are not there."
    share = f"{sessions}, {posture.tls_sessions:,} with TLS ({posture.tls_sessions / posture.sessions:.0%})."
    unseen = posture.tls_sessions and not any(server.tls_versions for server in posture.servers)
    return share + (f" TLS versions: not visible, {_no_ssl(report)}." if unseen else "")


def _no_ssl(report: Report) -> str:
    return "none in ssl.log" if report.coverage.logs.get("ssl") else "ssl.log is not there"


def lines(report: Report) -> str:
    """Say where the lines of the input went."""
    t = report.inputs.totals
    return (
        f"{counted(t.files, 'file')}, {counted(t.lines, 'line')}: {t.kept:,} kept, "
        f"{t.skipped:,} skipped as not SMTP, {t.rejected:,} rejected."
    )


def troubles(report: Report) -> list[str]:
    """List what makes the run degraded, and the files that had lines rejected or something odd."""
    told = [f"{problem.where}: {problem.what}" for problem in report.errors]
    named = {problem.where for problem in report.errors}
    for file in report.inputs.files:
        odd = [file.problem] if file.problem and file.path not in named else []
        odd += [counted(file.rejected, "line") + " rejected"] if file.rejected else []
        told += [f"{file.path}: {'; '.join(odd)}"] if odd else []
    return told


def chances(report: Report) -> str:
    """State the error rates that the decisions were made with."""
    s = report.settings
    bound = f"at most {s.alpha * s.trials:.2g} false alarms to be expected" if s.trials else "nothing to test"
    text = (
        f"Sequential tests: alpha {s.alpha:g}, {counted(s.trials, 'trial')}: {bound}. "
        f"Counts: false discovery rate {s.false_discovery_rate:g}."
    )
    return text + (f" {counted(s.suppressed, 'finding')} suppressed." if s.suppressed else "")


def servers(report: Report) -> list[tuple[str, ...]]:
    """Give the rows of the posture table: first what gives something away, then by sessions."""

    return [
        (
            s.server,
            str(s.port),
            f"{s.sessions:,}",
            f"{s.tls_sessions:,}",
            *map(flag, (s.starttls_offered, s.auth_offered_in_clear, s.answers_vrfy, s.answers_expn)),
        )
        for s in _ranked(report)
    ]


def _ranked(report: Report) -> list[ServerPosture]:
    def order(s: ServerPosture) -> tuple[bool, int, str, int]:
        return not (s.auth_offered_in_clear or s.answers_vrfy or s.answers_expn), -s.sessions, s.server, s.port

    return sorted(report.posture.servers, key=order)


def tls(report: Report, limit: int) -> list[str]:
    """Say of the first `limit` servers of the table which TLS versions they spoke, and how their TLS share moved."""
    if not shows_tls(report):
        return []
    told = ((s, _versions(s) + _trend(s)) for s in _ranked(report)[:limit])
    return [f"{s.server} port {s.port}: {'; '.join(parts)}" for s, parts in told if parts]


def _versions(server: ServerPosture) -> list[str]:
    versions = ", ".join(f"{version} {sessions:,}" for version, sessions in server.tls_versions.items())
    return [f"sessions by TLS version: {versions}"] if versions else []


def _trend(server: ServerPosture) -> list[str]:
    if len(server.days) < 2:
        return []
    ends = (server.days[0], server.days[-1])
    shares = (f"{day.tls_sessions / day.sessions:.0%} of {day.sessions:,} on {day.day:%Y-%m-%d}" for day in ends)
    return [f"with TLS: {', '.join(shares)}"]


def volumes(report: Report) -> list[tuple[str, ...]]:
    """Give the rows of the volume table, most messages first."""
    ranked = sorted(report.volumes, key=lambda v: (-v.messages, -v.recipients, v.hour, v.client))
    return [
        (v.client, f"{v.hour:%Y-%m-%d %H:%M}", f"{v.messages:,}", f"{v.recipients:,}", _or(v.expected), _or(v.upper))
        for v in ranked
    ]


def _or(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.1f}"
