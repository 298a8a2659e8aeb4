"""Ten seconds of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import MAX_MEMORY_MIB, memory_mib, run


@pytest.mark.parametrize("kind", ["ingest", "report"])
def test_a_slice_of_the_mutants(kind: str, tmp_path: Path) -> None:
    before = memory_mib()
    tally = run(kind, [f"{kind}-test-{number}" for number in range(10_000)], tmp_path, seconds=5)
    assert tally.faults == []
    assert tally.mutants > 0
    assert memory_mib() - before < MAX_MEMORY_MIB
