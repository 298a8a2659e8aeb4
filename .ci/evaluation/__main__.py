"""`PYTHONPATH=.ci python -m evaluation`: run everything, print the tables, write docs/evaluation.md."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from evaluation.captures import recorded
from evaluation.incidents import counted
from evaluation.page import page, quick_page
from evaluation.running import evaluated
from evaluation.slow import within_a_day
from simulation.seeds import for_choosing, for_reporting

PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"
_SITES = 26
_QUICK = 6
_SLOW = 12
_INCIDENT_SITES = 12
_SMALL = {"hosts": 120, "days": 10}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main(words: list[str]) -> int:
    """Evaluate; the page is written only by the full run."""
    parser = ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} small sites, detectors only; writes nothing")
    parser.add_argument("--sites", type=int, help="how many sites; other than all: writes nothing")
    parser.add_argument("--choosing", action="store_true", help="the half for choosing parameters; writes nothing")
    given = parser.parse_args(words)
    sites = given.sites or (_QUICK if given.quick else _SITES)
    seeds = for_choosing(range(2, 2 * sites + 1, 2)) if given.choosing else for_reporting(range(1, 2 * sites, 2))
    figures = evaluated(seeds, _say, **(_SMALL if given.quick else {}))
    command = " ".join(["PYTHONPATH=.ci python -m evaluation", *words])
    if given.quick:
        text = quick_page(figures, command)
    else:
        incidents = counted(seeds[:_INCIDENT_SITES], _say)
        text = page(figures, incidents, recorded(), within_a_day(seeds[:_SLOW]), command)
    print(text)  # noqa: T201
    if not (given.quick or given.choosing) and sites == _SITES:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
