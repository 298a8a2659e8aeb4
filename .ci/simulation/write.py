"""Simulated logs on disk: as a lake, or as Zeek itself writes them (TSV, JSON), whole or in pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from simulation.units import LOGS
from zeeksmtp.dtypes import schema_of

_HEAD = ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-")


def lake(logs: Mapping[str, pl.DataFrame], folder: Path, name: str = "part") -> Path:
    """Write logs as Parquet: `<folder>/<log>/<name>.parquet`; a log without rows leaves nothing."""
    for log, rows in logs.items():
        if len(rows):
            (folder / log).mkdir(parents=True, exist_ok=True)
            rows.write_parquet(folder / log / f"{name}.parquet")
    return folder


def tsv(logs: Mapping[str, pl.DataFrame], folder: Path, suffix: str = "") -> Path:
    """Write logs as Zeek's TSV: `<folder>/<log><suffix>.log`; a log without rows leaves no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for log, rows in logs.items():
        if len(rows):
            (folder / f"{log}{suffix}.log").write_text(_tsv(log, rows), encoding="utf-8")
    return folder


def _tsv(log: str, rows: pl.DataFrame) -> str:
    columns = LOGS[log].columns
    head = [*_HEAD, f"#path\t{log}", "#open\t2026-11-23-18-44-19"]
    head.append("\t".join(["#fields", *(column.name for column in columns)]))
    head.append("\t".join(["#types", *(column.type for column in columns)]))
    lines = ["\t".join(_text(value) for value in row) for row in rows.iter_rows()]
    return "\n".join([*head, *lines, "#close\t2026-11-23-18-44-19", ""])


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, datetime):
        return f"{value.timestamp():.6f}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f}"
    if isinstance(value, list):
        return ",".join(item.replace(",", "\\x2c") for item in value) or "(empty)"
    return _escaped(str(value))


def _escaped(text: str) -> str:
    """Write a value that would read as unset or empty as Zeek does: escaped."""
    return {"": "(empty)", "-": "\\x2d", "(empty)": "\\x28empty)"}.get(text, text)


def jsonl(logs: Mapping[str, pl.DataFrame], folder: Path, suffix: str = "") -> Path:
    """Write logs as Zeek's JSON lines; what is unset is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for log, rows in logs.items():
        if len(rows):
            lines = [
                json.dumps({k: _plain(v) for k, v in row.items() if v is not None})
                for row in rows.iter_rows(named=True)
            ]
            (folder / f"{log}{suffix}.log").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.total_seconds() if isinstance(value, timedelta) else value


def pieces(logs: Mapping[str, pl.DataFrame], count: int, seed: int) -> list[dict[str, pl.DataFrame]]:
    """Deal the rows of every log out to `count` shares, shuffled."""
    shares: list[dict[str, pl.DataFrame]] = [{} for _ in range(count)]
    for log, rows in logs.items():
        mixed = rows.sample(fraction=1, shuffle=True, seed=seed).with_row_index("_row")
        for number, share in enumerate(shares):
            share[log] = mixed.filter(pl.col("_row") % count == number).drop("_row")
    return shares


def empty() -> dict[str, pl.DataFrame]:
    """Return every log without a row."""
    return {name: pl.DataFrame(schema=schema_of(log.columns)) for name, log in LOGS.items()}
