"""`report_files`: patterns of paths, and the format that the end of a name asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from zeeksmtp.delivery_settings.section import split
from zeeksmtp.settings_sources import LISTED

FORM_OF = {
    ".html": "html",
    ".md": "markdown",
    ".json": "json",
    ".csv": "csv",
    ".ndjson": "ecs",
    ".ocsf": "ocsf",
    ".intel": "intel",
    ".stix": "stix",
    ".log": "zeek",
    ".txt": "terminal",
}
"""What a file's name ends with, and the output format that it asks for."""


def _pattern(pattern: str) -> str:
    """Refuse what is no pattern of a path; only the date can stand in it, so nothing logged ever does."""
    try:
        fields = [(name, conversion) for _, name, _, conversion in Formatter().parse(pattern) if name is not None]
        named = Path(pattern.format(date=datetime.now(UTC))) if set(fields) <= {("date", None)} else None
    except (ValueError, KeyError, IndexError):
        named = None
    if named is None or "\0" in pattern:
        raise PydanticCustomError("pattern", "`{date:%Y-%m-%d}`, in any such form, is all that braces can hold")
    if named.suffix not in FORM_OF:
        raise PydanticCustomError("suffix", "must end with one of {known}", {"known": " ".join(FORM_OF)})
    return pattern


FilePattern = Annotated[str, AfterValidator(_pattern)]
FilePatterns = Annotated[tuple[FilePattern, ...], LISTED, BeforeValidator(split)]


def _metrics(path: Path) -> Path:
    if path.suffix != ".prom":
        raise PydanticCustomError("suffix", "must end with .prom: node_exporter reads no other file")
    return path


MetricsFile = Annotated[Path, AfterValidator(_metrics)]
