"""`metrics_file`, read by Prometheus' own parser, beside what the state and the report say."""

from __future__ import annotations

import stat
from collections import Counter
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cron._site import NOW, Site
from zeeksmtp.cron.metrics import render
from zeeksmtp.cron.request import PassResult
from zeeksmtp.model import Severity
from zeeksmtp.state.totals import StateTotals

Labels = tuple[tuple[str, str], ...]


def read(text: str) -> dict[tuple[str, Labels], float]:
    """Parse metrics; every family has a help text and a type."""
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type in {"gauge", "counter"} for family in families)
    samples = [sample for family in families for sample in family.samples]
    values = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(values) == len(samples)
    return values


def measured(site: Site) -> dict[tuple[str, Labels], float]:
    return read((site.home / "zeeksmtp.prom").read_text())


@pytest.fixture
def watched(site: Site) -> Site:
    site.given = {"metrics_file": site.home / "zeeksmtp.prom"}
    return site


def by_severity(values: dict[tuple[str, Labels], float], name: str) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for (metric, labels), value in values.items():
        if metric == name and value:
            found[dict(labels)["severity"], dict(labels)["state"]] = int(value)
    return found


def test_a_pass_writes_what_the_report_says(watched: Site) -> None:
    watched.put("account_abuse")
    watched.run()
    (report,) = watched.shown
    values = measured(watched)
    alone = [finding for finding in report.findings if finding.symptom_of is None]
    assert by_severity(values, "zeeksmtp_findings") == Counter((f.severity, f.state) for f in alone)
    assert by_severity(values, "zeeksmtp_incidents") == Counter((i.severity, i.state) for i in report.incidents)
    assert values["zeeksmtp_sessions", ()] == report.posture.sessions > 0
    assert values["zeeksmtp_tls_sessions", ()] == report.posture.tls_sessions
    assert report.window is not None
    assert values["zeeksmtp_newest_row_timestamp_seconds", ()] == report.window.last.timestamp()
    assert values["zeeksmtp_newest_row_age_seconds", ()] == (NOW - report.window.last).total_seconds()
    assert values["zeeksmtp_pass_timestamp_seconds", ()] == NOW.timestamp()
    assert 0 < values["zeeksmtp_pass_duration_seconds", ()] < 60
    assert values["zeeksmtp_rejected_rows_total", ()] == values["zeeksmtp_waiting_reports", ()] == 0
    assert sum(metric == "zeeksmtp_findings" for metric, _ in values) == 20


def test_others_may_read_it_and_no_half_is_left(watched: Site) -> None:
    watched.put("account_abuse")
    watched.run()
    assert stat.S_IMODE((watched.home / "zeeksmtp.prom").stat().st_mode) == 0o644
    assert sorted(path.name for path in watched.home.iterdir()) == ["logs", "state", "zeeksmtp.prom"]


def test_a_pass_with_nothing_new_writes_it_again(watched: Site) -> None:
    watched.put("account_abuse")
    watched.run()
    before = measured(watched)
    (watched.home / "zeeksmtp.prom").unlink()
    watched.run()
    changing = {"zeeksmtp_pass_duration_seconds"}
    after = measured(watched)
    assert {k: v for k, v in after.items() if k[0] not in changing} == {
        k: v for k, v in before.items() if k[0] not in changing
    }


def test_rejected_rows_add_up(watched: Site) -> None:
    watched.put("auth_plain_initial")
    watched.write("conn.log", b"no row\n", append=True)
    watched.run()
    assert measured(watched)["zeeksmtp_rejected_rows_total", ()] == 1
    watched.write("conn.log", b"none either\nnor this\n", append=True)
    watched.run()
    assert measured(watched)["zeeksmtp_rejected_rows_total", ()] == 3


def test_a_report_that_waits_is_counted(watched: Site) -> None:
    watched.given |= {"report_command": {"run": ["/bin/false"]}}
    watched.put("auth_plain_initial")
    watched.run()
    assert measured(watched)["zeeksmtp_waiting_reports", ()] == 1


def test_nothing_that_was_logged_is_in_it(watched: Site) -> None:
    watched.put("account_abuse")
    watched.run()
    text = (watched.home / "zeeksmtp.prom").read_text()
    (report,) = watched.shown
    names = [name for f in report.findings for name in (*f.clients, *f.servers, *f.accounts) if name]
    assert names and not [name for name in names if name in text]


def test_a_folder_that_is_not_there_is_named_and_costs_nothing(watched: Site) -> None:
    watched.given = {"metrics_file": watched.home / "none" / "zeeksmtp.prom"}
    watched.put("auth_plain_initial")
    result = watched.run()
    assert len(watched.shown) == 1
    (line,) = result.undelivered
    assert line.startswith(f"metrics_file {watched.home}/none/zeeksmtp.prom: No such file or directory; ")


def test_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    totals = StateTotals({(Severity.HIGH, "new"): 2}, {}, None, None, 0, None, None, 0, 0)
    values = read(render(totals, NOW, PassResult(), 0.5))
    assert values["zeeksmtp_findings", (("severity", "high"), ("state", "new"))] == 2
    names = {name for name, _ in values}
    assert not names & {"zeeksmtp_sessions", "zeeksmtp_tls_share_ratio", "zeeksmtp_newest_row_age_seconds"}
