"""The words that the forms for people share. They are raw: each form escapes what it prints."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from zeeksmtp.model import Evidence, Finding, Incident, Report, SequentialTest, ServerPosture, Severity, Term
from zeeksmtp.outputs._escape import cut, plain

NAME_LIMIT = 80
"""Longest form in which one logged name is shown to a person; JSON has it whole."""
SERVER_COLUMNS = ("server", "#port", "#sessions", "#with TLS", "STARTTLS", "AUTH in clear", "VRFY", "EXPN")
VOLUME_COLUMNS = ("client", "hour", "#messages", "#recipients", "#expected", "#upper")
"""Heads of tables; one that starts with `#` stands over numbers."""
UNKNOWN = "?"
LEGEND = "? cannot be seen in these logs, or there is no baseline yet."
TEXT_LIMIT = 2000
"""Longest form in which a sentence is shown to a person."""
TITLE_LIMIT = 160
"""Longest form of a title."""
_SCRIPT_LOGS = ("smtp_session", "smtp_cmd")
_TLS_LOGS = ("smtp", "smtp_session", "ssl")


def name(value: str) -> str:
    """Show one logged name: bounded, and an empty one as `""`."""
    return cut(plain(value), NAME_LIMIT) or '""'


def title(thing: Finding | Incident) -> str:
    """Show a title, bounded: it may hold many names."""
    return cut(plain(thing.title), TITLE_LIMIT)


def names(values: Sequence[str], limit: int = 5) -> str:
    """Show the first `limit` names, and how many more there are."""
    shown = [name(value) for value in values[:limit]]
    rest = len(values) - limit
    return ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def counted(number: int, word: str) -> str:
    """Show a number with its noun: `1 file`, `2 files`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def stamp(moment: datetime) -> str:
    """Show a time to the second; the report says once that times are UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def span(first: datetime, last: datetime) -> str:
    """Show a span of time, without saying the day twice."""
    if stamp(first) == stamp(last):
        return stamp(first)
    return f"{stamp(first)} to {stamp(last)[11 if first.date() == last.date() else 0 :]}"


def flag(value: bool | None) -> str:
    """Show what is true, false, or cannot be known from the logs at hand."""
    return UNKNOWN if value is None else "yes" if value else "no"


def who(thing: Finding | Incident) -> str:
    """Show who did it to whom."""
    ends = [names(side) for side in (thing.clients, thing.servers) if side]
    accounts = f"account{'s' if len(thing.accounts) > 1 else ''} {names(thing.accounts)}" if thing.accounts else None
    return ", ".join(part for part in (" → ".join(ends), accounts) if part) or "the whole site"


def counts(findings: Iterable[Finding]) -> str:
    """Count findings by severity, worst first."""
    by_severity = Counter(finding.severity for finding in findings)
    return ", ".join(f"{by_severity[s]:,} {s}" for s in reversed(Severity) if by_severity[s])


def evidence(proof: Evidence) -> list[str]:
    """Say what a finding rests on, one line for each kind of evidence."""
    lines = [f"{_spoken(detail.name)}: {names(detail.values, 10)}" for detail in proof.details if detail.values]
    if proof.terms:
        lines.append("measured: " + ", ".join(map(_term, proof.terms)))
    return lines + ([_test(proof.test)] if proof.test else [])


def _term(term: Term) -> str:
    weight = "" if term.weight == 1 else f" (weight {term.weight:g})"
    return f"{_spoken(term.name)} {term.value:,.10g}{weight}"


def _spoken(label: str) -> str:
    return label.replace("_", " ")


def _test(test: SequentialTest) -> str:
    alarm = f", alarm at {stamp(test.alarm_at)}" if test.alarm_at else ", no alarm"
    return (
        f"test: {test.bad:,} bad of {counted(test.trials, 'trial')}, "
        f"score {test.score:.1f} against {test.threshold:.1f}{alarm}"
    )


def first_step(report: Report) -> str | None:
    """Say what to do first: what the worst finding of the worst incident, or else the worst finding, asks for."""
    by_id = {finding.id: finding for finding in report.findings}
    story = [by_id[i] for i in report.incidents[0].findings if i in by_id] if report.incidents else []
    worst = max(story or report.findings, key=lambda finding: finding.severity.rank, default=None)
    return f"{who(worst)}: {worst.action}" if worst else None


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
    logs = report.coverage.logs
    if logs.get("smtp_auth"):
        return "None: no credential that must be changed was seen in clear."
    beside = next((log for log in _SCRIPT_LOGS if logs.get(log)), None)
    if beside is None:
        return "Not visible: smtp_auth.log is not there."
    return (
        f"None seen: smtp_auth.log is not there, though {beside}.log is. Zeek makes a log with its first line: either "
        "nobody logged in without TLS, or the file was left out."
    )


def encryption(report: Report) -> str:
    """Say how much of the traffic is encrypted, or that this cannot be seen."""
    posture = report.posture
    sessions = counted(posture.sessions, "SMTP session")
    if not posture.sessions:
        return f"No SMTP session was seen ({seen(report)})."
    if not any(report.coverage.logs.get(log) for log in _TLS_LOGS):
        return f"{sessions}; TLS is not visible: smtp.log, smtp_session.log and ssl.log are not there."
    return f"{sessions}, {posture.tls_sessions:,} with TLS ({posture.tls_sessions / posture.sessions:.0%})."


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
    text = (
        f"Sequential tests: alpha {s.alpha:g}, {counted(s.trials, 'trial')}: at most {s.alpha * s.trials:.2g} false "
        f"alarms to be expected. Counts: false discovery rate {s.false_discovery_rate:g}."
    )
    return text + (f" {counted(s.suppressed, 'finding')} suppressed." if s.suppressed else "")


def small_print(finding: Finding) -> str:
    """Say how sure, how often, which technique and which detector."""
    attack = f"; ATT&CK {', '.join(finding.attack)}" if finding.attack else ""
    state = f"; {finding.state}" if finding.state else ""
    return f"{finding.detector}; count {finding.count:,}; confidence {finding.confidence}{attack}{state}"


def servers(report: Report) -> list[tuple[str, ...]]:
    """Give the rows of the posture table: first what gives something away, then by sessions."""

    def order(s: ServerPosture) -> tuple[bool, int, str, int]:
        return not (s.auth_offered_in_clear or s.answers_vrfy or s.answers_expn), -s.sessions, s.server, s.port

    return [
        (
            s.server,
            str(s.port),
            f"{s.sessions:,}",
            f"{s.tls_sessions:,}",
            *map(flag, (s.starttls_offered, s.auth_offered_in_clear, s.answers_vrfy, s.answers_expn)),
        )
        for s in sorted(report.posture.servers, key=order)
    ]


def volumes(report: Report) -> list[tuple[str, ...]]:
    """Give the rows of the volume table, most messages first."""
    ranked = sorted(report.volumes, key=lambda v: (-v.messages, -v.recipients, v.hour, v.client))
    return [
        (v.client, f"{v.hour:%Y-%m-%d %H:%M}", f"{v.messages:,}", f"{v.recipients:,}", _or(v.expected), _or(v.upper))
        for v in ranked
    ]


def _or(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.1f}"


def no_volumes(report: Report) -> str:
    """Say why there is no mail to count: none seen, or none visible."""
    if report.coverage.logs.get("smtp"):
        return "No mail was seen in smtp.log."
    return "Not visible: smtp.log is not there."


def score(incident: Incident) -> str:
    """Show an incident's score as the sum that it is."""
    parts = " + ".join(f"{_spoken(part)} {points}" for part, points in incident.score_parts.items() if points)
    return f"{incident.score}{f' = {parts}' if parts else ''}"


def by_detector(findings: Iterable[Finding], limit: int) -> Iterable[tuple[list[Finding], int, str]]:
    """Group findings by detector: the first `limit` of each, how many more there are, and the detector."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.detector, []).append(finding)
    for detector, group in groups.items():
        yield group[:limit], max(len(group) - limit, 0), detector
