"""What the forms for people say of a report as a whole. Raw, like `phrases`: each form escapes what it prints."""

from collections import Counter
from collections.abc import Iterable

from zeeksmtp.model import ClientPosture, Finding, Incident, PairPosture, Report, ServerPosture, Severity
from zeeksmtp.rendering.phrases import UNKNOWN, counted, flag, name, names, number, span, stamp
from zeeksmtp.report.entries import is_filtered, other_findings

SERVER_COLUMNS = ("server", "#port", "#sessions", "#with TLS", "STARTTLS", "AUTH in clear", "VRFY", "EXPN")
_COUNTS = ("#sessions", "#TLS", "#STARTTLS unused", "#mails in clear", "#logins in clear")
CLIENT_COLUMNS = ("client", "#servers", *_COUNTS)
PAIR_COLUMNS = ("client → server", "#port", *_COUNTS)
LEGACY_AUTH_TITLE = "Legacy authentication: what breaks when mail providers end it"
LEGACY_AUTH_COLUMNS = (
    *("client", "provider", "#port", "method", "#sessions", "TLS", "accounts"),
    *("refused with", "last", "ends"),
)
VOLUME_COLUMNS = ("client", "hour", "#messages", "#recipients", "#expected", "#upper")
"""Heads of tables; one that starts with `#` stands over numbers."""
LEGEND = f"{UNKNOWN} cannot be seen in these logs, or there is no baseline yet."
_SCRIPT_LOGS = ("smtp_session", "smtp_cmd")
_TLS_LOGS = ("smtp", "smtp_session", "ssl")


def counts(things: Iterable[Finding | Incident]) -> str:
    """Count findings or incidents by severity, gravest first."""
    by_severity = Counter(thing.severity for thing in things)
    return ", ".join(f"{by_severity[s]:,} {s}" for s in reversed(Severity) if by_severity[s])


def _noun(number: int, word: str, more: str = "") -> str:
    return f"{number:,} {more}{word}{'' if number == 1 else 's'}"


def verdict(report: Report) -> str:
    """Return what was found: incidents by severity, and how many findings are in none."""
    incidents, others = report.incidents, other_findings(report)
    if not incidents and not others:
        return _nothing(report)
    if not incidents:
        return f"No incidents; {counted(len(others), 'finding')}: {counts(others)}."
    rest = f"; {_noun(len(others), 'finding', 'other ')}" if others else ""
    return f"{counted(len(incidents), 'incident')}: {counts(incidents)}{rest}."


def _nothing(report: Report) -> str:
    """Return that there are no findings, and why that may mean nothing: filters, or no row to look at."""
    if is_filtered(report):
        return "No findings match the filters."
    if report.window is not None:
        return "No findings in what these logs show."
    firsts = [file.first for file in report.inputs.files if file.first]
    lasts = [file.last for file in report.inputs.files if file.last]
    if not firsts or not lasts:
        return "No SMTP traffic in these logs."
    return f"No rows lie between --since and --until; the logs cover {span(min(firsts), max(lasts))} UTC."


def passwords(report: Report, limit: int) -> str:
    """Return the accounts whose password has to be changed, at which server; `limit` of them."""
    due = report.credentials_to_change[:limit]
    shown = [f"{name(c.account)} at {name(c.server)}{' (probable)' * c.probable}" for c in due]
    more = len(report.credentials_to_change) - len(shown)
    if shown:
        return "; ".join(shown + [f"{more:,} more"] * (more > 0))
    if is_filtered(report):
        return "none that match the filters"
    return "none seen" if report.coverage.logs.get("smtp_auth") else "none seen, but smtp_auth.log not found"


def seen(report: Report) -> str:
    """Return which logs were read and which were not found: what any zero in the report rests on."""
    there = [f"{log}.log" for log, is_there in report.coverage.logs.items() if is_there]
    missing = [f"{log}.log" for log, is_there in report.coverage.logs.items() if not is_there]
    return f"read {', '.join(there) or 'no log'}" + (f"; not found: {', '.join(missing)}" if missing else "")


def logs(report: Report) -> str:
    """Return the logs that were read, and those that were not found, in few words."""
    there = [log for log, is_there in report.coverage.logs.items() if is_there]
    missing = [log for log, is_there in report.coverage.logs.items() if not is_there]
    return f"{', '.join(there) or 'no logs'}" + (f"; no {', '.join(missing)}" if missing else "")


PASSWORD_COLUMNS = ("account", "server", "last exposed", "certainty", "finding")


def password_rows(report: Report) -> list[tuple[str, ...]]:
    """Return the credentials to change; the last column is the id of the finding that says why."""
    return [
        (name(c.account), c.server, stamp(c.last), "probable" if c.probable else "certain", c.why)
        for c in report.credentials_to_change
    ]


def no_passwords(report: Report) -> str:
    """Return why there is no password to change: none exposed, or none visible."""
    if report.coverage.logs.get("smtp_auth"):
        return "None: no password was seen in clear."
    return _missing(report, "smtp_auth", "nobody logged in without TLS")


def no_volumes(report: Report) -> str:
    """Return why there is no mail to count: none seen, or none visible."""
    if report.coverage.logs.get("smtp"):
        return "No mail was seen in smtp.log."
    return _missing(report, "smtp", "no mail was sent without TLS")


def _missing(report: Report, log: str, reason: str) -> str:
    """Return that a log is missing, and that this may mean nothing where Zeek wrote others of its kind."""
    beside = next((other for other in _SCRIPT_LOGS if report.coverage.logs.get(other)), None)
    if beside is None:
        return f"Not visible: {log}.log not found."
    return (
        f"None seen: {log}.log not found, although {beside}.log is there. Zeek creates a log with its first line: "
        f"either {reason}, or the file was left out."
    )


def shows_tls(report: Report) -> bool:
    """Return whether any log was there that shows TLS."""
    return any(report.coverage.logs.get(log) for log in _TLS_LOGS)


def encryption(report: Report) -> str:
    """Return how much of the traffic is encrypted, or that this cannot be seen."""
    posture = report.posture
    sessions = counted(posture.sessions, "SMTP session")
    if not posture.sessions:
        return f"No SMTP session was seen ({seen(report)})."
    if not shows_tls(report):
        return f"{sessions}; TLS is not visible: smtp.log, smtp_session.log and ssl.log not found."
    if posture.tls_sessions is None:
        return f"{sessions}; whether with TLS is not visible in these logs."
    share = f"{sessions}, {posture.tls_sessions:,} with TLS ({posture.tls_sessions / posture.sessions:.0%})."
    unseen = posture.tls_sessions and not any(server.tls_versions for server in posture.servers)
    return share + (f" TLS versions: not visible, {_no_ssl(report)}." if unseen else "")


def _no_ssl(report: Report) -> str:
    return "none in ssl.log" if report.coverage.logs.get("ssl") else "ssl.log not found"


def lines(report: Report) -> str:
    """Return where the lines of the input went."""
    t = report.inputs.totals
    return (
        f"{counted(t.files, 'file')}, {counted(t.lines, 'line')}: {t.kept:,} kept, "
        f"{t.skipped:,} skipped as not SMTP, {t.rejected:,} rejected."
    )


def troubles(report: Report) -> list[str]:
    """Return what makes the run degraded, and the files that had lines rejected or something odd."""
    shown = [f"{problem.where}: {problem.what}" for problem in report.errors]
    named = {problem.where for problem in report.errors}
    for file in report.inputs.files:
        odd = [file.problem] if file.problem and file.path not in named else []
        odd += [counted(file.rejected, "line") + " rejected"] if file.rejected else []
        shown += [f"{file.path}: {'; '.join(odd)}"] if odd else []
    return shown


def chances(report: Report) -> str:
    """Return the error rates that the decisions were made with."""
    s = report.settings
    bound = f"at most {s.alpha * s.trials:.2g} false alarms to be expected" if s.trials else "nothing to test"
    text = (
        f"Sequential tests: alpha {s.alpha:g}, {counted(s.trials, 'trial')}: {bound}. "
        f"Counts: false discovery rate {s.false_discovery_rate:g}."
    )
    return text + (f" {counted(s.suppressed, 'finding')} suppressed." if s.suppressed else "")


def servers(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the posture table: first what gives something away, then by sessions."""

    return [
        (
            s.server,
            str(s.port),
            f"{s.sessions:,}",
            number(s.tls_sessions),
            *map(flag, (s.starttls_offered, s.auth_offered_in_clear, s.answers_vrfy, s.answers_expn)),
        )
        for s in _ranked(report)
    ]


def _ranked(report: Report) -> list[ServerPosture]:
    def order(s: ServerPosture) -> tuple[bool, int, str, int]:
        return not (s.auth_offered_in_clear or s.answers_vrfy or s.answers_expn), -s.sessions, s.server, s.port

    return sorted(report.posture.servers, key=order)


def clients(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the table of the site's own clients."""
    return [(c.client, f"{c.servers:,}", *_counts_of(c)) for c in report.posture.clients.rows]


def pairs(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the table of pairs of client and server port."""
    return [(f"{p.client} → {p.server}", str(p.port), *_counts_of(p)) for p in report.posture.pairs.rows]


def legacy_auth(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the table of legacy authentication; no account or version is one that is not visible."""
    return [
        (
            *(row.client, row.provider, str(row.port), row.method, f"{row.sessions:,}"),
            *(names(row.tls_versions) or UNKNOWN, names(row.accounts) or UNKNOWN, names(row.replies)),
            *(f"{row.last:%Y-%m-%d}", f"{row.ends:%Y-%m-%d}" if row.ends else ""),
        )
        for row in report.posture.legacy_auth.rows
    ]


def _counts_of(row: ClientPosture | PairPosture) -> tuple[str, ...]:
    numbers = (row.sessions, row.tls_sessions, row.starttls_unused, row.cleartext_mails, row.cleartext_logins)
    return tuple(map(number, numbers))


def tls(report: Report, limit: int) -> list[str]:
    """Return, of the first `limit` servers of the table, TLS versions, certificate and the trend of TLS."""
    if not shows_tls(report):
        return []
    shown = ((s, _versions(s) + _weak(s) + _certificate(s) + _trend(s)) for s in _ranked(report)[:limit])
    return [f"{s.server} port {s.port}: {'; '.join(parts)}" for s, parts in shown if parts]


def _versions(server: ServerPosture) -> list[str]:
    versions = ", ".join(f"{version} {sessions:,}" for version, sessions in server.tls_versions.items())
    return [f"sessions by TLS version: {versions}"] if versions else []


def _weak(server: ServerPosture) -> list[str]:
    return [f"weak TLS: {counted(server.weak_tls, 'handshake')}"] if server.weak_tls else []


def _certificate(server: ServerPosture) -> list[str]:
    if server.certificate_expires is None:
        return []
    return [f"certificate of {names(server.certificate_names) or UNKNOWN} until {server.certificate_expires:%Y-%m-%d}"]


def _trend(server: ServerPosture) -> list[str]:
    if len(server.days) < 2 or server.tls_sessions is None:
        return []
    ends = (server.days[0], server.days[-1])
    shares = (f"{day.tls_sessions / day.sessions:.0%} of {day.sessions:,} on {day.day:%Y-%m-%d}" for day in ends)
    return [f"with TLS: {', '.join(shares)}"]


def volumes(report: Report) -> list[tuple[str, ...]]:
    """Return the rows of the volume table, most messages first."""
    ranked = sorted(report.volumes, key=lambda v: (-v.messages, -v.recipients, v.hour, v.client))
    return [
        (v.client, f"{v.hour:%Y-%m-%d %H:%M}", f"{v.messages:,}", f"{v.recipients:,}", _or(v.expected), _or(v.upper))
        for v in ranked
    ]


def _or(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.1f}"
