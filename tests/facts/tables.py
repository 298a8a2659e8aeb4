"""Facts of a few rows of logs, computed by the real plans."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tests.cases import LOGS, frame
from zeeksmtp.model import Context, Site
from zeeksmtp.pipeline import facts_of

CONNECTION = {
    "uid": "C1",
    "client": "10.0.1.5",
    "client_port": 40001,
    "server": "10.0.0.25",
    "port": 25,
    "proto": "tcp",
}
LINE = {name: value for name, value in CONNECTION.items() if name != "proto"}


def facts(logs: Mapping[str, Sequence[Mapping[str, Any]]], site: Site | None = None) -> dict[str, pl.LazyFrame]:
    """Return every fact over rows of logs (form: `fixtures/detectors/README.md`)."""
    tables = {log: frame(logs.get(log, ()), spec.columns).lazy() for log, spec in LOGS.items()}
    return facts_of(tables, Context(site or Site()), keep=lambda _name, plan: plan.collect().lazy())


def fact(name: str, site: Site | None = None, **logs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of one fact over rows of logs."""
    return facts(logs, site)[name].collect().to_dicts()
