"""The office scenario is what its script makes of the captures of today."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.scenarios import make_office


def contents(folder: Path) -> dict[str, bytes]:
    """Return file -> content, unpacked: how a gz is packed differs between versions of zlib."""
    return {
        str(file.relative_to(folder)): gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "README.md"
    }


def test_the_scenario_is_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = contents(make_office.OFFICE)
    monkeypatch.setattr(make_office, "OFFICE", tmp_path)
    make_office.main()
    assert len(committed) > 15
    assert contents(tmp_path) == committed, "python tests/scenarios/make_office.py"
