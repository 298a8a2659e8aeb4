"""JSON: the report as it is, `zeeksmtp.report.v2`, for other programs.

Pure ASCII: whatever a log held, the file is harmless to `cat` and survives any mail system; `\\u` escapes are undone by
every JSON reader. Keys come in the contract's order.
"""

from zeeksmtp.model import Output, Report, View


def render(report: Report, _view: View) -> str:
    """Render `report` as JSON, one key or item per line."""
    text = report.model_dump_json(by_alias=True, indent=1, ensure_ascii=True)
    # DEL is the one control character that JSON leaves as it is.
    return text.replace("\x7f", "\\u007f") + "\n"


OUTPUT = Output("json", "zeeksmtp.report.v2, for other programs; its schema is docs/report.schema.json", render)
