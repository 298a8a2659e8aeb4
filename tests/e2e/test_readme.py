"""What README.md shows is what the program prints, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import zeeksmtp.cli
from tests.e2e import _runs
from zeeksmtp import registry
from zeeksmtp.errors import ExitCode

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_screen_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    block = README.split("<!-- the output of `make report`", 1)[1].split("```")[1]
    assert block.lstrip("\n") == _runs.written("terminal", "fixtures/scenarios/office/logs")


def test_every_exit_code_is_explained() -> None:
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", README, flags=re.MULTILINE)]
    assert codes == sorted(ExitCode)


def test_every_command_it_names_is_there() -> None:
    named = set(re.findall(r"^\| `zeeksmtp ([a-z-]+)", README, flags=re.MULTILINE))
    assert len(named) >= 5
    assert named <= {command.name for command in registry.discover(zeeksmtp.cli, "COMMAND").values()}


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README + (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists() and not (ROOT / "docs" / link).exists()] == []


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"`?\bmake ([a-z-]+)`", README)) <= targets


def test_the_figures_of_stock_logs_are_those_of_the_evaluation() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    cells = next(line for line in page.splitlines() if line.startswith("| conn and smtp | ")).split(" | ")
    traced, found, precision = int(cells[1]), int(cells[2]), cells[10]
    paragraph = " ".join(README.split("\n\n")[1].split())
    assert f"it finds {found / traced:.0%} of the attacks" in paragraph.replace(" %", "%")
    assert f"({found:,} of {traced:,}, precision {precision.removeprefix('0')})" in paragraph
    recorded = page.split("## Recorded traffic")[1].split("found with stock logs |")[1].split("\n\n")[0]
    kinds = [[int(cell) for cell in re.findall(r" (\d+) ", line)] for line in recorded.splitlines()]
    events, found = (sum(kind[column] for kind in kinds if kind) for column in (0, -1))
    assert f"{found} of {events} recorded events" in paragraph
