"""JSON: the report as it is, `zeeksmtp.report.v1`, for other programs.

Pure ASCII: whatever a log held, the file is harmless to `cat` and survives any mail system; `\\u` escapes are undone by
every JSON reader. Keys come in the contract's order.
"""

import json

from zeeksmtp.model import Output, Report


def render(report: Report, _width: int | None) -> str:
    """Render `report` as JSON, one key or item per line."""
    shape = report.model_dump(mode="json", by_alias=True)
    return json.dumps(shape, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


OUTPUT = Output("json", "zeeksmtp.report.v1, for other programs; its schema is docs/report.schema.json", render)
