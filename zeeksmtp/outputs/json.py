"""JSON: the report as it is, `zeeksmtp.report.v1`, for other programs.

Pure ASCII: whatever a log held, the file is harmless to `cat` and survives any mail system; `\\u` escapes are undone by
every JSON reader. Keys come in the contract's order.
"""

from collections.abc import Iterator

from zeeksmtp.model import Output, Report

_AT_A_TIME = 5000
"""Findings in a piece: some 5 MB."""


def render(report: Report, _width: int | None) -> str:
    """Render `report` as JSON, one key or item per line."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the same text key by key, and findings some at a time: there can be hundreds of megabytes of them."""
    before = "{\n"
    for key in Report.model_fields:
        if key == "findings" and report.findings:
            yield f'{before} "findings": ['
            yield from _findings(report)
            yield "\n ]"
        else:
            yield before + _member(report, key)
        before = ",\n"
    yield "\n}\n"


def _findings(report: Report) -> Iterator[str]:
    for start in range(0, len(report.findings), _AT_A_TIME):
        some = report.model_copy(update={"findings": report.findings[start : start + _AT_A_TIME]})
        items = _member(some, "findings").removeprefix(' "findings": [').removesuffix("\n ]")
        yield f",{items}" if start else items


def _member(report: Report, key: str) -> str:
    text = report.model_dump_json(include={key}, by_alias=True, indent=1, ensure_ascii=True)
    # DEL is the one control character that JSON leaves as it is.
    return text.removeprefix("{\n").removesuffix("\n}").replace("\x7f", "\\u007f")


OUTPUT = Output("json", "zeeksmtp.report.v1, for other programs; its schema is docs/report.schema.json", render, pieces)
