"""docs/detectors.md: what is looked for, how it is decided, what to do; the text of `zeeksmtp detectors explain`."""

from collections.abc import Iterable

from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp.cli._catalogue import Entry, catalogue, facts_of

PAGE = "detectors.md"
INTRO = """Each detector is one file, `zeeksmtp/detectors/<id>.py` (with `_` for `-`); `zeeksmtp detectors explain ID`
tells what this page tells."""


def _section(entry: Entry) -> Iterable[str]:
    detector = entry.detector
    yield f"## {detector.id}"
    yield entry.line
    yield from (f"**{head}.** {text}" for head, text in entry.sections)
    yield table(("", ""), facts_of(entry))
    if entry.parameters:
        rows = [(code(name), code(default), doc) for name, default, doc in entry.parameters]
        yield table(("parameter", "default", "meaning"), rows)


def page() -> str:
    """Return the page."""
    entries = catalogue().values()
    index = table(
        ("id", "about", "ATT&CK"),
        [(f"[{e.detector.id}](#{e.detector.id})", e.line, ", ".join(e.detector.attack)) for e in entries],
    )
    return whole("Detectors", INTRO, index, *(block for entry in entries for block in _section(entry)))
