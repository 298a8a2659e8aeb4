"""The large lake in small: the counts that it promises, in the lake's schema, good for every fact and detector."""

from __future__ import annotations

from pathlib import Path

from evaluation.judging import judged_lake
from simulation.bulk import Size, write
from tests.cases import LOGS
from zeeksmtp.ingest import scan
from zeeksmtp.model import Context

SMALL = Size(sessions=4000, days=2, logins=200, questions=400, partners=50, people=20)


def test_it_has_as_much_as_it_says(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    rows = {name: len(scan(tmp_path, log).collect()) for name, log in LOGS.items()}
    assert {rows["conn"], rows["smtp"], rows["smtp_session"]} == {4000}
    assert (rows["smtp_auth"], rows["smtp_cmd"]) == (200, 400)


def test_every_detector_can_judge_it(tmp_path: Path) -> None:
    result = judged_lake(write(tmp_path / "lake", SMALL), Context(), tmp_path / "facts")
    assert result.failed == {}
    assert result.findings
