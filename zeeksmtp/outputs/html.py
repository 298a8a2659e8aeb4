"""HTML: one page for a browser, a printer or a mail; no script, nothing from elsewhere.

Every expression of the template goes through `_shown` and jinja's autoescape, so that logged text is text wherever it
stands. Only two things are markup: our own style sheet, and the charts, which hold no logged text.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from zeeksmtp.model import Output, Report
from zeeksmtp.outputs import _charts, _escape, _page, _page_charts, _sentences, _sums, _words

if TYPE_CHECKING:
    from jinja2 import Template

LIMIT = 1_000_000
"""Most bytes that a page may have, so that it can be mailed."""


def render(report: Report, _width: int | None) -> str:
    """Render `report` as a page; with fewer findings told in full if it would be too large."""
    template, drawn = _template(), _page_charts.charts(report)
    for room in _page.ROOMS:
        text = template.render(report=report, page=_page.page(report, room), room=room, charts=drawn)
        if len(text.encode("utf-8", "backslashreplace")) < LIMIT:
            break
    return text


def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only a page needs it
    from markupsafe import Markup  # noqa: PLC0415

    folder = files("zeeksmtp.outputs") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((folder / "page.css").read_text("utf-8"))  # noqa: S704 - ours
    environment.globals |= {
        "style": style,
        "words": _words,
        "sentences": _sentences,
        "sums": _sums,
        "drawing": _charts,
        "counts": _page,
    }
    environment.filters["drawn"] = Markup
    return environment.get_template("page.html.j2")


def _shown(value: Any) -> Any:
    """Every string goes through here, but markup: escaped and bounded."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return _escape.cut(_escape.plain(value), _words.TEXT_LIMIT)


OUTPUT = Output("html", "one page to open, print or mail: charts, no scripts, nothing loaded from elsewhere", render)
