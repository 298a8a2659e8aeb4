"""JSON: the report as it is, `zeeksmtp.report.v1`, for other programs.

Pure ASCII: whatever a log held, the file is harmless to `cat` and survives any mail system; `\\u` escapes are undone by
every JSON reader. Keys come in the contract's order.
"""

from zeeksmtp.model import Output, Report


def render(report: Report, _width: int | None) -> str:
    """Render `report` as JSON, one key or item per line."""
    text = report.model_dump_json(by_alias=True, indent=1, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f") + "\n"  # the one control character that JSON leaves as it is


OUTPUT = Output("json", "zeeksmtp.report.v1, for other programs; its schema is docs/report.schema.json", render)
