"""The sieve is an optimisation: without it the same rows are kept. What it lets through may only be too much."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import CAPTURES, ROOT
from tests.logs.reading import read
from zeeksmtp.model import SMTP_PORTS
from zeeksmtp.reading import json_rows, tsv_rows
from zeeksmtp.reading.careful import Marks
from zeeksmtp.reading.header import Header
from zeeksmtp.reading.kinds import logs

FOLDERS = [ROOT / "fixtures" / "logs" / "conn", ROOT / "fixtures" / "logs" / "mixed"]
FOLDERS += [path for path in CAPTURES.glob("*/*") if path.is_dir() and any(path.glob("*.log"))]


def test_the_same_parts_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, folder in enumerate(FOLDERS):
        read(folder, tmp_path / "with" / str(number))
    for module in (tsv_rows, json_rows):
        monkeypatch.setattr(module, "prefilter", lambda *_: None)
    for number, folder in enumerate(FOLDERS):
        read(folder, tmp_path / "without" / str(number))
    names = [{path.relative_to(root) for path in root.rglob("*.parquet")} for root in tmp_path.iterdir()]
    assert len(names) == 2 and names[0] == names[1] and len(names[0]) > 100


separators = st.sampled_from(["\t", "||", ";", " ", "^", "1", "smtp", "\\"])


@given(separators, st.permutations(["ts", "uid", "id.resp_p", "service"]), st.sampled_from(SMTP_PORTS))
def test_an_smtp_port_passes_wherever_it_stands(separator: str, fields: list[str], port: int) -> None:
    """First, last, in between; separators that hide it switch the sieve off."""
    pattern = tsv_rows.prefilter(logs()["conn"], Header("conn", separator, fields=tuple(fields)))
    line = separator.join({"id.resp_p": str(port)}.get(field, "x") for field in fields)
    assert pattern is None or pl.Series([line]).str.contains(pattern).all()


@pytest.mark.parametrize("unset", ["2", "smtp", "-"])
def test_markers_that_could_be_values(unset: str) -> None:
    header = Header("conn", marks=Marks(unset=unset), fields=("ts", "id.resp_p"))
    assert (tsv_rows.prefilter(logs()["conn"], header) is None) == (unset != "-")


@pytest.mark.parametrize(
    "line",
    [
        '{"id.resp_p":25}',
        '{"id.resp_p" : 587 }',
        '{"id":{"resp_p":465,"x":1}}',
        '{"id_resp_p":2525}',
        '{"id.resp_p":25.0}',
        '{"id.resp_p":2.5e1}',
        '{"id.resp_p":0.25E+2}',
        '{"id.resp\\u005fp":25}',
        '{"service":"ssl,smtp"}',
        '{"service":"\\u0073mtp"}',
    ],
)
def test_json_forms_pass(line: str) -> None:
    assert pl.Series([line]).str.contains(json_rows.prefilter(logs()["conn"]) or "").all()
    assert (
        not pl.Series(['{"id.orig_p":25,"id.resp_p":443}'])
        .str.contains(json_rows.prefilter(logs()["conn"]) or "")
        .any()
    )
