"""Terminal: for a person, problems first, then posture, then what could be seen."""

from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import groupby

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zeeksmtp.model import Finding, Incident, Output, Report, Severity
from zeeksmtp.outputs import _sentences, _sums, _words
from zeeksmtp.outputs._escape import cut, plain

PLAIN_WIDTH = 100
"""Columns of the text that goes to a file or a pipe."""
FULL = 25
"""How many incidents, and findings of one severity, are told in full."""
FEW = 5
"""How many findings of each detector get a line among those of `low` and `info`."""
ADDRESS = 39
"""Length of the longest address."""
TOP = 10
"""How many rows the tables of hosts show."""
_STYLE = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "bold yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def render(report: Report, width: int | None) -> str:
    """Render `report` for a terminal of `width` columns, or as plain text that depends on nothing but the report."""
    console = _console(width)
    console.print(Group(*_parts(report)))  # in one: each call takes a while before it prints
    file = console.file
    assert isinstance(file, StringIO)  # noqa: S101 - for the type checker
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def _console(width: int | None) -> Console:
    if width is None:
        return Console(file=StringIO(), width=PLAIN_WIDTH, color_system=None, force_terminal=False, _environ={})
    return Console(file=StringIO(), width=width, force_terminal=True)


def _parts(report: Report) -> Iterable[RenderableType]:
    yield from _head(report)
    yield from _incidents(report.incidents)
    yield from _findings(report.findings)
    yield from _passwords(report)
    yield from _posture(report)
    yield from _volumes(report)
    yield from _mail(report)
    yield from _roles(report)
    yield from _coverage(report)
    yield from _data(report)


def _text(raw: str, style: str = "") -> Text:
    """Every string goes through here: escaped, bounded, and never read as rich's markup."""
    return Text(cut(plain(raw), _words.TEXT_LIMIT), style)


def _title(raw: str) -> Iterable[RenderableType]:
    yield Text()
    yield _text(raw, "bold underline")


def _indent(thing: RenderableType, by: int = 4) -> Padding:
    return Padding(thing, (0, 0, 0, by))


def _item(raw: str, style: str = "", by: int = 2) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("-", style), _text(raw, style))
    return _indent(grid, by)


def _head(report: Report) -> Iterable[RenderableType]:
    when = f"{_words.span(report.window.first, report.window.last)} UTC" if report.window else "no rows"
    yield Text.assemble(("zeeksmtp", "bold"), "  ", _text(when, "dim"))
    worst = max((finding.severity for finding in report.findings), key=lambda s: s.rank, default=None)
    yield _text(_sentences.verdict(report), _STYLE[worst] if worst else "bold")
    if step := _sentences.first_step(report):
        yield Text.assemble(("Do first: ", "bold"), _text(step))
    if not report.findings:
        yield from (_item(note, "yellow", 0) for note in report.coverage.notes)
    if report.errors:
        yield _text(f"Degraded: {_words.counted(len(report.errors), 'problem')}, see Data.", "bold yellow")


def _incidents(incidents: tuple[Incident, ...]) -> Iterable[RenderableType]:
    if incidents:
        yield from _title("Incidents")
    for number, incident in enumerate(incidents[:FULL]):
        yield from [Text()] * bool(number)
        score = f"{incident.score}/100"
        yield Text.assemble(
            *_badge(incident.severity), _text(_words.title(incident), "bold"), _text(f"  {score} {incident.id}", "dim")
        )
        yield _indent(_text(f"{_words.who(incident)}; {_words.span(incident.first, incident.last)}"))
        yield _indent(_text(_words.narrative(incident)))
        stages = f"Stages: {' > '.join(incident.stages)}. " if incident.stages else ""
        yield _indent(_text(f"{stages}Score {_words.score(incident)}.", "dim"))
    if len(incidents) > FULL:
        yield from (Text(), _indent(_text(f"and {len(incidents) - FULL:,} more; --format json has all", "dim")))


def _badge(severity: Severity) -> tuple[Text, str]:
    return _text(f"{severity:<8}", _STYLE[severity]), "  "


def _findings(findings: tuple[Finding, ...]) -> Iterable[RenderableType]:
    for heading, some in _words.by_news(findings):
        yield from _title(heading)
        yield from _by_severity(some)


def _by_severity(findings: Sequence[Finding]) -> Iterable[RenderableType]:
    ranked = sorted(findings, key=lambda f: -f.severity.rank)
    for severity, same in groupby(ranked, lambda f: f.severity):
        if severity.rank < Severity.MEDIUM.rank:
            yield from _listed(severity, same)
            continue
        group = list(same)
        yield from _told(group[:FULL])
        if len(group) > FULL:
            yield _indent(_text(f"and {len(group) - FULL:,} more {severity}; --format json has all", "dim"))


def _told(group: list[Finding]) -> Iterable[RenderableType]:
    advice = ""
    for finding in group:
        yield Text()
        yield Text.assemble(
            *_badge(finding.severity), _text(_words.title(finding), "bold"), _text(f"  {finding.id}", "dim")
        )
        yield _indent(_text(f"{_words.who(finding)}; {_words.span(finding.first, finding.last)}"))
        yield _indent(_text(_words.summary(finding)))
        yield from (_item(line, "dim", 4) for line in _words.evidence(finding.evidence))
        # Ten exposed passwords ask for the same thing ten times: say it once.
        if finding.action != advice:
            yield _indent(Text.assemble(("Do: ", "bold"), _text(_words.action(finding))))
        advice = finding.action
        yield _indent(_text(_words.small_print(finding), "dim"))


def _listed(severity: Severity, group: Iterable[Finding]) -> Iterable[RenderableType]:
    grid = Table.grid(padding=(0, 2))
    for shown, more, detector in _words.by_detector(group, FEW):
        for finding in shown:
            grid.add_row(*_badge(severity)[:1], _text(_words.summary(finding)))
        if more:
            grid.add_row("", _text(f"and {more:,} more {detector}; --format json has all", "dim"))
    yield from (Text(), grid)


def _table(*columns: str) -> Table:
    """Make a table; a column whose head starts with `#` holds numbers."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.lstrip("#"), justify="right" if column.startswith("#") else "left", overflow="fold")
    return table


def _rows(table: Table, rows: Sequence[tuple[str, ...]], limit: int) -> Iterable[RenderableType]:
    yield _indent(_filled(table, rows[:limit]), 2)
    if any(_words.UNKNOWN in row for row in rows[:limit]):
        yield _indent(_text(_sentences.LEGEND, "dim"), 2)
    if len(rows) > limit:
        yield _indent(_text(f"and {len(rows) - limit:,} more; --format json has all", "dim"), 2)


def _filled(table: Table, rows: Sequence[tuple[str, ...]]) -> Table:
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    # An address that is broken over two lines cannot be copied.
    table.columns[0].min_width = min(max(len(plain(row[0])) for row in rows), ADDRESS)
    return table


def _passwords(report: Report) -> Iterable[RenderableType]:
    yield from _title("Passwords to change")
    rows = [(_words.name(c.account), c.server, _words.stamp(c.last), c.why) for c in report.credentials_to_change]
    if rows:
        yield from _rows(_table("account", "server", "last seen", "finding"), rows, FULL)
    else:
        yield _indent(_text(_sentences.no_passwords(report)), 2)


def _posture(report: Report) -> Iterable[RenderableType]:
    yield from _title("Posture")
    yield _indent(_text(_sentences.encryption(report)), 2)
    table = _table(*_sentences.SERVER_COLUMNS)
    if rows := _sentences.servers(report):
        yield from _rows(table, rows, TOP)
    yield from (_item(line) for line in _sentences.tls(report, TOP))


def _volumes(report: Report) -> Iterable[RenderableType]:
    yield from _title("Busiest hours")
    table = _table(*_sentences.VOLUME_COLUMNS)
    if rows := _sentences.volumes(report):
        yield from _rows(table, rows, TOP)
    else:
        yield _indent(_text(_sentences.no_volumes(report)), 2)


def _mail(report: Report) -> Iterable[RenderableType]:
    """Show the lists beside each other where there is room."""
    yield from _title(_sums.TITLE)
    yield from (_indent(_text(line), 2) for line in _sums.messages(report))
    if tables := [_filled(_table(*columns), rows) for columns, rows in _sums.tables(report)]:
        yield from (Text(), _indent(Columns(tables, padding=(1, 3)), 2), Text())
    if basis := _sums.refused(report):
        yield _indent(_text(basis), 2)


def _roles(report: Report) -> Iterable[RenderableType]:
    if report.roles:
        yield from _title("Roles")
        yield from _rows(_table("host", "role", "why"), [(r.host, r.role, r.reason) for r in report.roles], TOP)


def _coverage(report: Report) -> Iterable[RenderableType]:
    yield from _title("What could be seen")
    yield _indent(_text(f"{_sentences.seen(report).capitalize()}."), 2)
    yield from (_item(note) for note in report.coverage.notes)
    yield _indent(_text(_sentences.chances(report), "dim"), 2)


def _data(report: Report) -> Iterable[RenderableType]:
    yield from _title("Data")
    yield _indent(_text(_sentences.lines(report)), 2)
    yield from (_item(trouble, "yellow") for trouble in _sentences.troubles(report)[:FULL])


OUTPUT = Output("terminal", "for a person at a terminal; plain text when it goes to a file or a pipe", render)
