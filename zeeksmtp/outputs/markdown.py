"""Markdown: for a ticket, a wiki or a mail; CommonMark with GitHub's tables."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from zeeksmtp.model import Finding, Incident, Output, Report, Severity
from zeeksmtp.outputs import _escape, _sentences, _sums, _words

FULL = 200
"""How many findings of one severity are told, and rows of credentials."""
FEW = 10
"""How many findings of each detector get a line among those of `low` and `info`."""
TOP = 20
"""How many rows the tables of hosts show."""


def render(report: Report, _width: int | None) -> str:
    """Render `report` as Markdown: blocks with a blank line between them."""
    return "\n\n".join(_blocks(report)) + "\n"


def _blocks(report: Report) -> Iterable[str]:
    yield from _head(report)
    yield from _incidents(report.incidents)
    yield from _findings(report.findings)
    yield from _passwords(report)
    yield from _hosts(report)
    yield from _coverage(report)
    yield from _data(report)


def _safe(raw: str) -> str:
    """Every string goes through here: escaped and bounded."""
    return _escape.markdown(_escape.cut(_escape.plain(raw), _words.TEXT_LIMIT))


def _head(report: Report) -> Iterable[str]:
    yield "# zeeksmtp report"
    when = _words.span(report.window.first, report.window.last) + " UTC" if report.window else "no rows"
    yield f"{_safe(when)}. **{_safe(_sentences.verdict(report))}**"
    if step := _sentences.first_step(report):
        yield f"**Do first:** {_safe(step)}"
    if not report.findings and report.coverage.notes:
        yield _list(report.coverage.notes)
    if report.errors:
        yield f"**Degraded:** {_words.counted(len(report.errors), 'problem')}, see Data."


def _incidents(incidents: tuple[Incident, ...]) -> Iterable[str]:
    if incidents:
        yield "## Incidents"
    for incident in incidents[:FULL]:
        yield f"### {incident.severity}, {incident.score}/100: {_safe(_words.title(incident))}"
        yield _safe(_words.narrative(incident))
        yield _list(
            [
                f"who: {_words.who(incident)}",
                f"when: {_words.span(incident.first, incident.last)}",
                *([f"stages: {', '.join(incident.stages)}"] if incident.stages else []),
                f"score: {_words.score(incident)}",
                f"id: {incident.id}; findings: {', '.join(incident.findings)}",
            ]
        )
    if len(incidents) > FULL:
        yield f"And {len(incidents) - FULL:,} more; the JSON form has all."


def _findings(findings: tuple[Finding, ...]) -> Iterable[str]:
    for heading, some in _words.by_news(findings):
        yield f"## {heading}"
        yield from _by_severity(some)


def _by_severity(findings: Sequence[Finding]) -> Iterable[str]:
    for severity, same in groupby(sorted(findings, key=lambda f: -f.severity.rank), lambda f: f.severity):
        if severity.rank < Severity.MEDIUM.rank:
            yield f"### {severity}"
            yield _list(_listed(same))
            continue
        group = list(same)
        for finding in group[:FULL]:
            yield from _finding(finding)
        if len(group) > FULL:
            yield f"And {len(group) - FULL:,} more {severity}; the JSON form has all."


def _listed(group: Iterable[Finding]) -> Iterable[str]:
    for shown, more, detector in _words.by_detector(group, FEW):
        yield from (_words.summary(finding) for finding in shown)
        if more:
            yield f"and {more:,} more {detector}; the JSON form has all."


def _finding(finding: Finding) -> Iterable[str]:
    yield f"### {finding.severity}: {_safe(_words.title(finding))}"
    yield _safe(_words.summary(finding))
    yield f"**Do:** {_safe(_words.action(finding))}"
    yield _list(
        [
            f"who: {_words.who(finding)}",
            f"when: {_words.span(finding.first, finding.last)}",
            *_words.evidence(finding.evidence),
            f"{_words.small_print(finding)}; id {finding.id}",
        ]
    )


def _passwords(report: Report) -> Iterable[str]:
    yield "## Passwords to change"
    rows = [(_words.name(c.account), c.server, _words.stamp(c.last), c.why) for c in report.credentials_to_change]
    yield from _table(("account", "server", "last seen", "finding"), rows, FULL)
    if not rows:
        yield _safe(_sentences.no_passwords(report))


def _hosts(report: Report) -> Iterable[str]:
    yield "## Posture"
    yield _safe(_sentences.encryption(report))
    yield from _table(_sentences.SERVER_COLUMNS, _sentences.servers(report), TOP)
    if lines := _sentences.tls(report, TOP):
        yield _list(lines)
    yield from _volumes(report)
    if report.roles:
        yield "## Roles"
        yield from _table(("host", "role", "why"), [(r.host, r.role, r.reason) for r in report.roles], TOP)


def _volumes(report: Report) -> Iterable[str]:
    yield "## Busiest hours"
    rows = _sentences.volumes(report)
    yield from _table(_sentences.VOLUME_COLUMNS, rows, TOP)
    if not rows:
        yield _safe(_sentences.no_volumes(report))
    yield f"## {_sums.TITLE}"
    yield from map(_safe, _sums.messages(report))
    for columns, counts in _sums.tables(report):
        yield from _table(columns, counts, _sums.LISTED)
    if basis := _sums.refused(report):
        yield _safe(basis)


def _coverage(report: Report) -> Iterable[str]:
    yield "## What could be seen"
    yield _safe(f"{_sentences.seen(report).capitalize()}.")
    if report.coverage.notes:
        yield _list(report.coverage.notes)
    yield _safe(_sentences.chances(report))


def _data(report: Report) -> Iterable[str]:
    yield "## Data"
    yield _safe(_sentences.lines(report))
    if troubles := _sentences.troubles(report):
        yield _list(troubles)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {_safe(item)}" for item in items)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], limit: int) -> Iterable[str]:
    if not rows:
        return
    heads = [column.lstrip("#") for column in columns]
    rules = ["---:" if column.startswith("#") else "---" for column in columns]
    cells = [[_safe(cell) for cell in row] for row in rows[:limit]]
    yield "\n".join(f"| {' | '.join(row)} |" for row in [heads, rules, *cells])
    if any(_words.UNKNOWN in row for row in rows[:limit]):
        yield _sentences.LEGEND
    if len(rows) > limit:
        yield f"And {len(rows) - limit:,} more; the JSON form has all."


OUTPUT = Output("markdown", "for a ticket, a wiki or a mail: CommonMark with tables", render)
