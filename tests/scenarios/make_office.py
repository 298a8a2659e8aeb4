"""Lay recorded captures out as the archives of two sensors: `python tests/scenarios/make_office.py`.

Every row is one that Zeek wrote; only its place is ours. One folder for each sensor, because uids repeat across them.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[2] / "fixtures"
OFFICE = FIXTURES / "scenarios" / "office"
SENSORS = {"office": "mixed_office_day", "edge": "spambot_direct_to_mx"}


def hourly(log: Path) -> Iterator[tuple[str, bytes]]:
    """Split one log by the hour of `ts`; give the name that zeekctl would archive each part by, and its content."""
    lines = log.read_bytes().splitlines(keepends=True)
    header = [line for line in lines if line.startswith(b"#") and not line.startswith((b"#open", b"#close"))]
    hours: dict[datetime, list[bytes]] = defaultdict(list)
    for line in lines:
        if not line.startswith(b"#"):
            ts = datetime.fromtimestamp(float(line.split(b"\t", 1)[0]), UTC)
            hours[ts.replace(minute=0, second=0, microsecond=0)].append(line)
    for start, rows in sorted(hours.items()):
        end = start + timedelta(hours=1)
        name = f"{start:%Y-%m-%d}/{log.stem}.{start:%H:%M:%S}-{end:%H:%M:%S}.log.gz"
        opened, closed = (
            f"#{word}\t{at:%Y-%m-%d-%H-%M-%S}\n".encode() for word, at in (("open", start), ("close", end))
        )
        fields = next(index for index, line in enumerate(header) if line.startswith(b"#fields"))
        yield name, b"".join([*header[:fields], opened, *header[fields:], *rows, closed])


def truth() -> dict[str, list[Any]]:
    """Say what a report must name, from the truth of the captures."""
    named: dict[str, list[Any]] = {"cleartext": [], "enumeration": [], "outbound": []}
    for capture in SENSORS.values():
        for event in json.loads((FIXTURES / "captures" / capture / "events.json").read_text())["events"]:
            named[event.pop("kind")].append(event)
    return named


def main() -> None:
    """Write `fixtures/scenarios/office` anew; the same captures give the same bytes."""
    shutil.rmtree(OFFICE / "logs", ignore_errors=True)
    for sensor, capture in SENSORS.items():
        for log in sorted((FIXTURES / "captures" / capture / "tsv").glob("*.log")):
            for name, content in hourly(log):
                file = OFFICE / "logs" / sensor / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(gzip.compress(content, mtime=0))
    (OFFICE / "truth.json").write_text(json.dumps(truth(), indent=1) + "\n")


if __name__ == "__main__":
    main()
