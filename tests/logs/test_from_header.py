"""Of the From header only whether it is another one is kept: its text reaches no part."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.conftest import CAPTURES
from tests.logs.reading import read, table

HEAD = (
    "#separator \\x09\n#path\tsmtp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tfrom\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tstring\n"
)
ROW = "1795458576.0\tC{}\t10.0.0.1\t5\t10.0.0.2\t25\t{}\n"


def kept(folder: Path, *headers: str) -> pl.DataFrame:
    """Return the rows of a log with these From headers."""
    path = folder / "smtp.log"
    path.write_text(HEAD + "".join(ROW.format(n, header) for n, header in enumerate(headers)), encoding="utf-8")
    return table(path, folder / "lake", "smtp").sort("uid")


@pytest.mark.parametrize("odd", ["", "\\x41"], ids=["bulk", "careful"])
def test_spellings_of_one_author_are_one(odd: str, tmp_path: Path) -> None:
    rows = kept(tmp_path, f'"Ann {odd}" <ann@X.example>', f"ann {odd} <Ann@x.example>", "Bob <b@x.example>", "-")
    first, second, third, none = rows["from"]
    assert first == second != third and none is None
    assert rows["from_domain"].n_unique() == 2 and rows["from_domain"][3] is None


@pytest.mark.parametrize("form", ["tsv", "json"])
def test_no_part_holds_a_header(form: str, tmp_path: Path) -> None:
    (record,) = read(CAPTURES / "spambot_direct_to_mx" / form / "smtp.log", tmp_path)
    assert record.part is not None
    rows = pl.read_parquet(record.part)
    assert rows["from"].n_unique() > 10
    assert rows["from"].str.contains(r"^\d{1,10}$").all() and rows["from_domain"].str.contains(r"^\d{1,10}$").all()
