"""A detector or fact that fails in a pass is no all-clear: what it found before stays as it was remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cron._site import Site
from tests.cron.test_pass import more
from zeeksmtp.detectors import account_abuse
from zeeksmtp.facts import auth
from zeeksmtp.state.findings import RememberedFinding

UNITS = {"detector": (account_abuse, "DETECTOR"), "fact": (auth, "FACT")}


def broken(*_: object) -> Any:
    raise ValueError("a bug")


def remembered(site: Site) -> dict[str, tuple[Any, ...]]:
    return {id_: _decided(known) for id_, known in site.known().items() if known.finding.detector == "account-abuse"}


def _decided(known: RememberedFinding) -> tuple[Any, ...]:
    return known.finding, known.severity, known.reported, known.reason


@pytest.mark.parametrize("kind", UNITS)
def test_what_a_failed_unit_found_before_stays(kind: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("account_abuse")
    assert not site.run().degraded
    before, incidents = remembered(site), site.incidents()
    assert before
    module, constant = UNITS[kind]
    with monkeypatch.context() as patch:
        patch.setattr(module, constant, replace(getattr(module, constant), plan=broken))
        more(site)
        ended = site.run()
        assert ended.degraded and ended.report is not None
        assert ended.report.coverage.detectors["account-abuse"] == "failed"
        assert remembered(site) == before
        ours = {id_ for id_, known in incidents.items() if set(before) & set(known.incident.findings)}
        assert {id_: site.incidents()[id_].incident for id_ in ours} == {id_: incidents[id_].incident for id_ in ours}
        assert len({f for i in site.incidents().values() for f in i.incident.findings}) == sum(
            len(i.incident.findings) for i in site.incidents().values()
        ), "no finding is in two incidents"
    more(site, "expn_scan")
    ended = site.run()
    assert not ended.degraded and ended.report is not None
    assert {f.state for f in ended.report.findings if f.detector == "account-abuse"} <= {"ongoing", "quiet"}
