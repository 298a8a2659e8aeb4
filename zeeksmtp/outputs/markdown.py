"""Markdown: for a ticket, a wiki or a mail; CommonMark with GitHub's tables."""

from collections.abc import Iterable, Sequence

from zeeksmtp import escaping
from zeeksmtp.model import Finding, Output, Report, Severity, View
from zeeksmtp.outputs import _coverage, _sums
from zeeksmtp.rendering import phrases, sentences
from zeeksmtp.rendering.incident_text import MAX_LISTED, actions, facts, members, next_step, proof, timeline
from zeeksmtp.report.entries import entries, other_findings

MAX_FINDINGS = 200
"""Findings in no incident, and rows of credentials, that are shown."""
MAX_INCIDENTS = 200
MAX_TABLE_ROWS = 20
MAX_DETECTORS = 200


def render(report: Report, _view: View) -> str:
    """Render `report` as Markdown: blocks with a blank line between them."""
    return "\n\n".join(_blocks(report)) + "\n"


def _blocks(report: Report) -> Iterable[str]:
    yield from _head(report)
    yield from _incidents(report)
    yield from _findings(report)
    yield from _passwords(report)
    yield from _hosts(report)
    yield from _visibility(report)
    yield from _data(report)


def _safe(raw: str) -> str:
    """Every string goes through here: escaped and bounded."""
    return escaping.markdown(escaping.cut(escaping.plain(raw), phrases.TEXT_LIMIT))


def _head(report: Report) -> Iterable[str]:
    yield "# zeeksmtp report"
    when = phrases.span(report.window.first, report.window.last) + " UTC" if report.window else "no rows"
    yield f"{_safe(when)}. **{_safe(sentences.verdict(report))}**"
    if report.coverage.unknown_site:
        yield f"**{_safe(report.coverage.unknown_site)}**"
    first = next(iter(entries(report)), None)
    if first and (step := next_step(first)):
        yield f"**Do first:** {_safe(step)}"
    if first is None and report.coverage.notes:
        yield _list(report.coverage.notes)
    if report.errors:
        yield f"**Degraded:** {phrases.counted(len(report.errors), 'problem')}, see Data."


def _incidents(report: Report) -> Iterable[str]:
    if report.incidents:
        yield "## Incidents"
    for incident in report.incidents[:MAX_INCIDENTS]:
        yield f"### {incident.severity}: {_safe(phrases.title(incident))}"
        yield _list([f"{label}: {text}" for label, text in facts(incident, report)])
        yield from _table(("time (UTC)", "what happened"), timeline(incident, report), len(incident.timeline))
        yield from _labelled("What to do", actions(incident, "site"))
        yield from _labelled("Whom to tell", actions(incident, "outside"))
        for finding in members(incident, report):
            yield from _labelled(f"Evidence: {phrases.title(finding)}", [*proof(finding), f"id: {finding.id}"])
        yield from _labelled("Sessions", [phrases.names(incident.uids, MAX_LISTED)] if incident.uids else [])
    if len(report.incidents) > MAX_INCIDENTS:
        yield _more(len(report.incidents) - MAX_INCIDENTS)


def _labelled(label: str, items: Sequence[str]) -> Iterable[str]:
    if items:
        yield f"**{_safe(label)}**"
        yield _list(items)


def _findings(report: Report) -> Iterable[str]:
    others = other_findings(report)
    if others:
        yield "## Other findings" if report.incidents else "## Findings"
    grave = [finding for finding in others if finding.severity.rank >= Severity.MEDIUM.rank]
    for finding in grave[:MAX_FINDINGS]:
        yield from _finding(finding)
    if minor := others[len(grave) :][:MAX_FINDINGS]:
        yield "### Low and info"
        yield _list(f"{finding.severity}: {phrases.headline(finding)}" for finding in minor)
    if more := max(len(grave) - MAX_FINDINGS, 0) + max(len(others) - len(grave) - MAX_FINDINGS, 0):
        yield _more(more)


def _more(number: int) -> str:
    return f"And {number:,} more; the JSON form has all."


def _finding(finding: Finding) -> Iterable[str]:
    yield f"### {finding.severity}: {_safe(phrases.title(finding))}"
    yield _safe(phrases.summary(finding))
    if finding.action:
        yield f"**Do:** {_safe(phrases.action(finding))}"
    yield _list(
        [
            f"who: {phrases.who(finding)}",
            f"when: {phrases.span(finding.first, finding.last)} UTC",
            *proof(finding),
            f"sessions: {phrases.names(finding.uids, MAX_LISTED) if finding.uids else 'none'}",
            f"id: {finding.id}",
        ]
    )


def _passwords(report: Report) -> Iterable[str]:
    yield "## Passwords to change"
    rows = sentences.password_rows(report)
    yield from _table(sentences.PASSWORD_COLUMNS, rows, MAX_FINDINGS)
    if not rows:
        yield _safe(sentences.no_passwords(report))


def _hosts(report: Report) -> Iterable[str]:
    yield "## Posture"
    yield _safe(sentences.encryption(report))
    yield from _table(sentences.SERVER_COLUMNS, sentences.servers(report))
    if lines := sentences.tls(report, MAX_TABLE_ROWS):
        yield _list(lines)
    posture = report.posture
    yield from _table(sentences.CLIENT_COLUMNS, sentences.clients(report), total=posture.clients.total)
    yield from _table(sentences.PAIR_COLUMNS, sentences.pairs(report), total=posture.pairs.total)
    if posture.legacy_auth.rows:
        yield f"### {sentences.LEGACY_AUTH_TITLE}"
    legacy = sentences.legacy_auth(report)
    yield from _table(sentences.LEGACY_AUTH_COLUMNS, legacy, total=posture.legacy_auth.total)
    yield from _volumes(report)
    if report.roles:
        yield "## Roles"
        yield from _table(("host", "role", "why"), [(r.host, r.role, r.reason) for r in report.roles])


def _volumes(report: Report) -> Iterable[str]:
    yield "## Busiest hours"
    rows = sentences.volumes(report)
    yield from _table(sentences.VOLUME_COLUMNS, rows)
    if not rows:
        yield _safe(sentences.no_volumes(report))
    yield f"## {_sums.TITLE}"
    yield from map(_safe, _sums.messages(report))
    for columns, counts in _sums.tables(report):
        yield from _table(columns, counts, _sums.MAX_ROWS)
    if basis := _sums.refused(report):
        yield _safe(basis)


def _visibility(report: Report) -> Iterable[str]:
    yield "## Visibility"
    yield _safe(f"{sentences.seen(report).capitalize()}.")
    if report.coverage.notes:
        yield _list(report.coverage.notes)
    if able := _coverage.abilities(report):
        yield _safe(f"Detectors: {able}.")
        if gains := _coverage.gains(report):
            yield _list(gains)
        yield from _table(_coverage.COLUMNS, _coverage.rows(report), MAX_DETECTORS)
    yield _safe(sentences.chances(report))


def _data(report: Report) -> Iterable[str]:
    yield "## Data"
    yield _safe(sentences.lines(report))
    if troubles := sentences.troubles(report):
        yield _list(troubles)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {_safe(item)}" for item in items)


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], limit: int = MAX_TABLE_ROWS, total: int = 0
) -> Iterable[str]:
    if not rows:
        return
    heads = [column.lstrip("#") for column in columns]
    rules = ["---:" if column.startswith("#") else "---" for column in columns]
    cells = [[_safe(cell) for cell in row] for row in rows[:limit]]
    yield "\n".join(f"| {' | '.join(row)} |" for row in [heads, rules, *cells])
    if any(phrases.UNKNOWN in row for row in rows[:limit]):
        yield sentences.LEGEND
    if more := max(total, len(rows)) - len(cells):
        yield _more(more)


OUTPUT = Output("markdown", "for a ticket, a wiki or a mail: CommonMark with tables", render)
