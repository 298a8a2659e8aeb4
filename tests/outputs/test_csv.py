"""The CSV report as other programs read it: one row for each finding, and no cell that a spreadsheet would run."""

import csv
import re
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.outputs._reports import holding
from zeeksmtp.escaping import cell
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import csv as output

SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def rows(report: Report) -> list[dict[str, str]]:
    """Render `report` and read it again, strictly."""
    return list(csv.DictReader(StringIO(output.OUTPUT.render(report, View()), newline=""), strict=True))


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert output.OUTPUT.render(full, View()) == snapshot


def test_nothing_found_is_a_head_alone(empty: Report) -> None:
    assert output.OUTPUT.render(empty, View()) == ",".join(output.COLUMNS) + "\r\n"


def test_a_row_is_a_finding(full: Report) -> None:
    read = rows(full)
    assert [row["id"] for row in read] == [finding.id for finding in full.findings]
    assert read[0]["incident"] == full.incidents[0].id
    assert read[1]["incident"] == ""
    assert read[2]["clients"] == "203.0.113.9; 2001:db8::9"
    assert (read[2]["state"], read[2]["first"]) == ("new", "2026-11-23 06:01:00.000000")
    assert read[3]["accounts"] == ""


def test_an_empty_account_is_seen(full: Report) -> None:
    lone = full.findings[0].model_copy(update={"accounts": ("",)})
    assert rows(full.model_copy(update={"findings": (lone,)}))[0]["accounts"] == '""'


@given(text=st.text(max_size=30) | st.text(SIGNS + "a;,|\"' ", max_size=12))
def test_no_cell_is_a_formula(text: str) -> None:
    """Neither as comma-separated, nor where the spreadsheet's own separator is a semicolon, a bar or a tab."""
    rendered = output.OUTPUT.render(holding(text), View())
    for separator in ",;|\t":
        for row in csv.reader(StringIO(rendered, newline=""), delimiter=separator, quotechar='"'):
            assert [value for value in row if re.match(rf"\s*[{re.escape(SIGNS)}]", value)] == []


@given(text=st.text(max_size=30))
def test_a_finding_is_one_line_whatever_it_holds(text: str) -> None:
    lines = output.OUTPUT.render(holding(text), View()).splitlines()
    assert len(lines) == 1 + len(holding(text).findings)
    assert all(line.isprintable() for line in lines)
    assert {len(row) for row in csv.reader(lines, strict=True)} == {len(output.COLUMNS)}


def test_what_becomes_of_a_formula() -> None:
    assert cell("=cmd|' /C calc'!A0") == "'=cmd|' /C calc'!A0"
    assert cell("a; =1") == "a; '=1"
    assert cell("1 - 2 = -1, a-b") == "1 - 2 = -1, a-b"
    assert cell("\t=1") == "\\x09=1"
