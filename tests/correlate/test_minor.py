"""Guards that findings below medium are bounded, that each detector keeps its share, and that the rest is counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.correlate._findings import finding
from zeeksmtp.correlate.minor import bounded, note_of
from zeeksmtp.model import Finding, Severity


def low(detector: str, count: int) -> Finding:
    return finding(detector=detector, count=count, severity="low", clients=(f"10.0.{count // 250}.{count % 250}",))


def test_a_detector_with_thousands_does_not_crowd_out_the_others() -> None:
    flood = [low("cleartext-mail", n) for n in range(1, 101)]
    few = [low("stale-password", n) for n in range(1, 4)]
    kept, left = bounded([*flood, *few], 10)
    assert [f.count for f in kept if f.detector == "cleartext-mail"] == [94, 95, 96, 97, 98, 99, 100]
    assert len([f for f in kept if f.detector == "stale-password"]) == 3
    assert note_of(left) == [
        "93 more findings below medium are counted, not listed (max_minor_findings): cleartext-mail 93"
    ]


def test_what_matters_is_never_left_out() -> None:
    grave = [finding(n, clients=(f"10.0.1.{n}",)) for n in range(1, 20)]
    assert bounded(grave, 0) == (tuple(grave), {})


FINDINGS = st.lists(
    st.builds(
        finding,
        hours=st.integers(0, 9),
        detector=st.sampled_from(["cleartext-mail", "stale-password", "smtp-scan"]),
        count=st.integers(1, 9),
        severity=st.sampled_from([str(severity) for severity in Severity]),
    ),
    max_size=30,
    unique_by=lambda f: f.id,
)


@given(FINDINGS, st.integers(0, 12))
def test_kept_and_left_add_up_and_the_order_stays(findings: list[Finding], limit: int) -> None:
    kept, left = bounded(findings, limit)
    assert len(kept) + left.total() == len(findings)
    assert [f for f in findings if f in kept] == list(kept)
    minor = [f for f in findings if f.severity.rank < Severity.MEDIUM.rank]
    assert left.total() == max(0, len(minor) - limit)
    assert note_of(left) == [] or left.total() > 0
