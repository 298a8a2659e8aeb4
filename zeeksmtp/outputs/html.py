"""HTML: one page for a browser, a printer or a mail; no script, nothing from elsewhere.

Every expression of the template goes through `_escaped` and jinja's autoescape, so that logged text is text wherever it
stands. Only our own style sheet is markup, and the paths of charts, which are numbers, are longer than any text may be.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zeeksmtp import escaping
from zeeksmtp.model import Output, Report, View
from zeeksmtp.outputs import (
    _chart_shapes,
    _coverage,
    _page,
    _page_charts,
    _page_incidents,
    _page_limits,
    _page_tables,
    _page_words,
    _sums,
)
from zeeksmtp.rendering import commands, incident_text, phrases, sentences

if TYPE_CHECKING:
    from jinja2 import Template


def render(report: Report, view: View) -> str:
    """Return the page of a report with as many details as `view.max_bytes` allow; at least a digest."""
    template, drawn = _template(), _page_charts.charts(report)
    for limits in _page_limits.LIMITS:
        text = template.render(report=report, view=view, page=_page.page(report, limits), limits=limits, charts=drawn)
        if len(text.encode("utf-8", "backslashreplace")) <= view.max_bytes:
            break
    return text


def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only a page needs it
    from markupsafe import Markup  # noqa: PLC0415

    folder = files("zeeksmtp.outputs") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        autoescape=True,
        finalize=_escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((folder / "page.css").read_text("utf-8"))  # noqa: S704 - ours
    environment.globals |= {
        "style": style,
        "words": phrases,
        "extra": _page_words,
        "sentences": sentences,
        "sums": _sums,
        "tables": _page_tables,
        "incidents": incident_text,
        "cards": _page_incidents,
        "commands": commands,
        "coverage": _coverage,
        "charting": _chart_shapes,
    }
    environment.filters |= {"path": Markup, "sentence": phrases.sentence}
    return environment.get_template("page.html.j2")


def _escaped(value: Any) -> Any:
    """Escape and bound every string but markup."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return escaping.cut(escaping.plain(value), phrases.TEXT_LIMIT)


OUTPUT = Output("html", "one page to open, print or mail: charts, no scripts, nothing loaded from elsewhere", render)
