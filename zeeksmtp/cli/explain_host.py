"""`zeeksmtp explain-host`: what each detector saw of one host, and why it fired or stayed silent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from zeeksmtp.cli import _entity, _finish, _options, _progress, _request, _say
from zeeksmtp.errors import ExitCode, NoInputError
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.entity_view.shapes import DetectorView, HostExplanation

_HEADINGS: Final = {
    "fired": "Fired",
    "below-threshold": "Below a threshold",
    "below-thresholds": "Below several thresholds at once",
    "not-met": "Conditions not met, whatever the thresholds",
    "no-rows": "No rows of this host in their tables",
    "logs-missing": "Logs missing",
}


def explain_host(
    address: _entity.Address,
    paths: _options.Paths,
    *,
    form: _entity.Form = _entity.EntityFormat.TERMINAL,
    since: _options.Since = None,
    until: _options.Until = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Explain for each detector what it saw of a host, how far that is from its threshold, and why it stayed silent.

    A silent detector is run again with one setting after the other changed within its bounds; the nearest value with
    which it would fire is printed. Facts that detectors share (roles, logins that count as guesses) stay as they are.
    Exit code 3: no log names the host.

    \b
    Examples:
      zeeksmtp explain-host 10.20.1.15 /opt/zeek/logs/current
      zeeksmtp explain-host 10.20.1.15 logs/ --since 7d --format json
    """
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars
    from zeeksmtp.entity_view.explain import explain_host as explained  # noqa: PLC0415 - likewise

    host, settings = _entity.address_of(address), _request.settings(config, local_net)
    window = _request.window(since, until, settings.timezone)
    with _progress.watching(quiet=quiet) as watch:
        request = pipeline.Request(tuple(paths), settings, window, "local", watch.progress, watch.started, watch.step)
        with pipeline.analysis(request) as made:
            explanation, code = explained(made, host), _finish.verdict(made.report, None)
    if explanation is None:
        raise NoInputError(f"no SMTP session names the host {host} in {', '.join(map(str, paths))}")
    as_json = form is _entity.EntityFormat.JSON
    _say.out(f"{explanation.model_dump_json(indent=1, by_alias=True)}\n" if as_json else _text(explanation))
    return code


def _text(explanation: HostExplanation) -> str:
    from zeeksmtp.rendering.console import console, heading, item, printed, text  # noqa: PLC0415 - not for `--help`

    def parts() -> Iterable[object]:
        yield text(f"Host {explanation.host}: {len(explanation.detectors)} detectors", "bold")
        for status, label in _HEADINGS.items():
            views = [view for view in explanation.detectors if view.status == status]
            yield from heading(f"{label} ({len(views)})") if views else ()
            if status == "no-rows" and views:
                yield item(", ".join(view.detector for view in views))
            else:
                yield from (item(line) for view in views for line in _lines(view))

    return printed(console(_finish.width()), parts())  # type: ignore[arg-type]


def _lines(view: DetectorView) -> Iterable[str]:
    from zeeksmtp.rendering import phrases  # noqa: PLC0415 - not for `--help`

    saw = ", ".join(f"{phrases.counted(rows, 'row')} of {table}" for table, rows in view.rows.items())
    said = [phrases.headline(finding) for finding in view.findings]
    if view.status == "fired":
        left = " (in no report: replaced, suppressed, or beyond max_minor_findings)" * view.left_out
        yield from (f"{view.detector}: {line}{left}" for line in said)
    elif view.status == "logs-missing":
        yield f"{view.detector}: {', '.join(f'{log}.log' for log in view.missing)} not found"
    elif view.status == "not-met":
        yield f"{view.detector}: saw {saw}"
    else:
        yield f"{view.detector}: {_would(view)}{said[0]}"


def _would(view: DetectorView) -> str:
    score = f"score {view.score:.1f}, alarm at {view.alarm_at:.1f}; " if view.score is not None else ""
    if not view.settings:
        return f"{score}would fire with all minimums at their lowest and the error rates raised: "
    changes = (f"{s.setting} = {s.needed:g} (is {s.value:g})" for s in view.settings)
    return f"{score}would fire with {' or '.join(changes)}: "


COMMAND = Command("explain-host", explain_host)
