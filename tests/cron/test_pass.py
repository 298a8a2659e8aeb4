"""A pass as a whole: what it finds, what it says, what it leaves behind, and what it does when things go wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import CAPTURES, ROOT
from tests.cron._site import NOW, Site
from zeeksmtp import pipeline
from zeeksmtp.config import Settings
from zeeksmtp.cron import lake, run
from zeeksmtp.cron.lock import hold_lock
from zeeksmtp.delivery import Envelope
from zeeksmtp.errors import ConfigError, DeliveryError, NoInputError, UnusableError
from zeeksmtp.materialize import Materializer
from zeeksmtp.model import View
from zeeksmtp.state import findings
from zeeksmtp.state.findings import FindingSuppression, suppress
from zeeksmtp.state.store import NAME

LEAK = "auth_plain_initial"


def test_a_pass_finds_what_a_report_finds(site: Site) -> None:
    site.put("account_abuse")
    site.run()
    want = pipeline.run(pipeline.Request((site.logs,), Settings()))
    (got,) = site.shown
    assert {f.id: f.model_copy(update={"state": None}) for f in got.findings} == {f.id: f for f in want.findings}
    assert [i.model_copy(update={"state": None}) for i in got.incidents] == list(want.incidents)
    assert (got.window, got.inputs.totals) == (want.window, want.inputs.totals)
    assert got.coverage.logs == want.coverage.logs
    assert set(want.coverage.notes) <= set(got.coverage.notes)


def more(site: Site, capture: str = "vrfy_scan") -> None:
    """Add the logs of another sensor."""
    (site.logs / capture).mkdir()
    for path in (CAPTURES / capture / "tsv").glob("*.log"):
        site.write(f"{capture}/{path.name}", path.read_bytes())


def subject_of(site: Site) -> str:
    """Return the subject of the last report."""
    subject: str = site.within(
        lambda c: c.exec_driver_sql("select subject from outbox order by id desc").scalars().first()
    )
    return subject


def test_later_passes_report_news_only_by_urgency_and_mark_it(site: Site) -> None:
    site.put(LEAK)
    site.run()
    assert not site.run().news and len(site.shown) == 1
    more(site)
    ended = site.run()
    report = site.shown[1]
    assert ended.news and {f.state for f in report.findings} == {"new", "quiet"}
    for things in (report.findings, report.incidents):
        ranks = [thing.severity.rank for thing in things]
        assert ranks == sorted(ranks, reverse=True)
    (new,) = (incident for incident in report.incidents if incident.state == "new")
    detectors = {finding.detector for finding in report.findings if finding.id in new.findings}
    assert "user-enumeration" in detectors and all(i.state == "quiet" for i in report.incidents if i != new)
    logs = report.coverage.logs
    assert logs["smtp_auth"], "the lake has it, though this pass read none"


def test_the_subject_of_the_first_report_is_the_state_of_affairs_and_then_what_changed(site: Site) -> None:
    site.put(LEAK)
    site.run()
    assert subject_of(site) == "zeeksmtp: first report: 1 incident (1 high)"
    more(site)
    site.run()
    assert subject_of(site) == "zeeksmtp: 1 new incident (1 high)"


def test_what_is_new_below_report_severity_waits_for_the_next_report(site: Site) -> None:
    site.given["report_severity"] = "critical"
    more(site)
    assert not site.run().news and site.shown == []
    first = {id_ for id_, known in site.known().items() if known.finding.state == "new" and not known.reported}
    assert first == site.known().keys()
    site.put("legit_relay")
    assert not site.run().news and first <= {id_ for id_, known in site.known().items() if not known.reported}
    more(site, "brute_force_hydra")
    assert site.run().news
    assert first <= {finding.id for finding in site.shown[0].findings if finding.state == "new"}
    more(site, "expn_scan")
    assert not site.run().news
    second = {id_ for id_, known in site.known().items() if not known.reported}
    assert second and not first & second
    site.given["report_severity"] = "high"
    more(site, "spambot_direct_to_mx")
    assert site.run().news
    new = {finding.id for finding in site.shown[1].findings if finding.state == "new"}
    assert second < new and not first & new
    assert all(known.reported for known in site.known().values())


def growing(site: Site, capture: str) -> dict[str, bytes]:
    """Write the first six tenths of a capture's rows; return the rest of each log."""
    rest = {}
    for path in (CAPTURES / capture / "tsv").glob("*.log"):
        lines = path.read_bytes().splitlines(keepends=True)
        head = [line for line in lines if line.startswith(b"#") and not line.startswith(b"#close")]
        rows = [line for line in lines if not line.startswith(b"#")]
        site.write(path.name, b"".join([*head, *rows[: len(rows) * 6 // 10]]))
        rest[path.name] = b"".join(rows[len(rows) * 6 // 10 :])
    return rest


def test_an_acknowledgement_survives_a_pass_that_adds_clients(site: Site) -> None:
    rest = growing(site, "guess_distributed")
    site.run()
    before = next(k for k in site.known().values() if k.finding.detector == "password-guessing")
    (incident,) = (i.incident for i in site.incidents().values() if before.finding.id in i.incident.findings)
    members = [site.known()[id_] for id_ in incident.findings]
    site.within(lambda c: findings.acknowledge(c, members, "blocked", NOW))
    assert site.incidents()[incident.id].incident.state == "acknowledged"
    for name, rows in rest.items():
        site.write(name, rows, append=True)
    ended = site.run()
    after = site.known()[before.finding.id]
    assert len(after.finding.clients) > len(before.finding.clients) and after.finding.count > before.finding.count
    assert (after.finding.state, after.reason) == ("acknowledged", "blocked")
    assert site.incidents()[incident.id].incident.state == "acknowledged"
    assert ended.report is not None and incident.id not in {i.id for i in ended.report.incidents}


def test_incidents_are_remembered_as_they_were_found(site: Site) -> None:
    site.put(LEAK)
    site.run()
    (reported,) = site.shown
    assert [known.incident for known in site.incidents().values()] == list(reported.incidents)
    assert {known.last_pass for known in site.incidents().values()} == {1}
    more(site)
    site.run()
    states = {id_: known.incident.state for id_, known in site.incidents().items()}
    assert states == {i.id: i.state for i in site.shown[1].incidents} and set(states.values()) == {"new", "quiet"}


def test_what_was_acknowledged_is_not_repeated(site: Site) -> None:
    site.put(LEAK, "conn", "smtp", "smtp_cmd", "smtp_session", "dns", "smtp_auth")
    site.run()
    chosen = next(k for k in site.known().values() if k.finding.detector == "cleartext-credentials")
    site.within(lambda c: findings.acknowledge(c, [chosen], "changed", NOW))
    more(site)
    site.run()
    report = site.shown[1]
    assert chosen.finding.id not in {f.id for f in report.findings}
    assert chosen.finding.id not in {id_ for incident in report.incidents for id_ in incident.findings}
    assert chosen.finding.id not in {credential.why for credential in report.credentials_to_change}
    assert site.known()[chosen.finding.id].finding.state == "acknowledged"


def test_a_first_pass_over_an_archive_is_a_summary(site: Site) -> None:
    """What lies more than a day before the newest row is history."""
    site.put(LEAK)
    (site.logs / "later").mkdir()
    days = 20 * 86_400
    for path in (CAPTURES / "vrfy_scan" / "tsv").glob("*.log"):
        later = re.sub(rb"(?m)^(\d{10})\.", lambda m: b"%d." % (int(m[1]) + days), path.read_bytes())
        site.write(f"later/{path.name}", later)
    site.now = NOW + timedelta(days=20)
    site.run()
    (report,) = site.shown
    states = Counter(f.state for f in report.findings)
    assert states["new"] and states["quiet"] >= 5
    assert "first pass" in report.coverage.notes[0].lower()
    assert all(f.state == "quiet" for f in report.findings if f.detector == "cleartext-credentials")


def test_a_suppression_that_ends_makes_news(site: Site) -> None:
    site.put(LEAK)
    site.run()
    chosen = next(iter(site.known()))
    tomorrow = NOW.date() + timedelta(days=1)
    site.within(lambda c: suppress(c, FindingSuppression(chosen, "test server", tomorrow)))
    assert not site.run().news
    ended = site.run()
    assert ended.report is None
    site.now = NOW + timedelta(days=1)
    ended = site.run()
    assert ended.news and [f.id for f in site.shown[-1].findings if f.state == "new"] == [chosen]


def test_suppressions_of_config_and_state_add_up(site: Site) -> None:
    site.put(LEAK)
    site.given["suppress"] = [{"client": "10.20.1.11", "reason": "known"}]
    site.run()
    (report,) = site.shown
    assert report.settings.suppressed == 2
    site.within(lambda c: suppress(c, FindingSuppression(report.findings[0].id, "too", None)))
    ended = site.run()
    assert ended.report is not None and ended.report.settings.suppressed == 3


def test_other_settings_run_the_detectors_again(site: Site) -> None:
    site.put(LEAK)
    site.run()
    site.given["timezone"] = "Asia/Tokyo"
    assert site.run().report is not None
    assert site.run().report is None


def test_nothing_new_loads_no_polars_and_takes_no_time(site: Site) -> None:
    site.put(LEAK)
    site.run()
    (site.home / "zeeksmtp.toml").write_text(f'log_dir = "{site.logs}"\nstate_dir = "{site.state}"\n')
    code = (
        "import sys; from zeeksmtp.cli.app import run; code = run(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    words = ["cron", "--quiet", "--config", str(site.home / "zeeksmtp.toml")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "sqlalchemy" in done.stderr.split()
    assert not {"polars", "numpy", "zeeksmtp.pipeline"} & set(done.stderr.split())


def test_rows_age_by_the_time_of_the_logs(site: Site) -> None:
    site.given["retention_days"] = 10
    site.put(LEAK)
    site.run()
    known = site.known()
    (site.logs / "later").mkdir()
    for path in (CAPTURES / "vrfy_scan" / "tsv").glob("*.log"):
        later = re.sub(rb"(?m)^(\d{10})\.", lambda m: b"%d." % (int(m[1]) + 11 * 86_400), path.read_bytes())
        site.write(f"later/{path.name}", later)
    site.now = NOW + timedelta(days=11)
    site.run()
    assert min(part.first for part in site.parts()) > NOW
    after = site.known()
    for id_, old in known.items():
        assert after[id_].finding.first == old.finding.first and after[id_].finding.count == old.finding.count
        assert after[id_].finding.state == "quiet"
    there = {path.name for path in (site.state / "lake").glob("*/*")}
    site.run()
    assert {path.name for path in (site.state / "lake").glob("*/*")} == {part.name for part in site.parts()} <= there


def test_a_row_from_the_future_ages_nothing(site: Site) -> None:
    site.put(LEAK)
    site.run()
    rows = site.rows()
    (site.logs / "odd").mkdir()
    odd = (CAPTURES / "vrfy_scan" / "tsv" / "smtp_cmd.log").read_bytes()
    site.write("odd/smtp_cmd.log", re.sub(rb"(?m)^\d{10}\.", b"4102444800.", odd))
    site.run()
    assert rows <= site.rows()


def test_small_parts_become_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake, "MIN_MERGED_PARTS", 3)
    lines = (CAPTURES / LEAK / "tsv" / "smtp_cmd.log").read_bytes().splitlines(keepends=True)
    site.write("smtp_cmd.log", b"".join(lines[:10]))
    site.run()
    for at in range(10, 40, 6):
        site.write("smtp_cmd.log", b"".join(lines[at : at + 6]), append=True)
        site.run()
    assert len(site.parts()) < 3
    rows = site.rows()
    assert set(rows.values()) == {1} and sum(rows.values()) == 32
    site.run()
    assert len(list((site.state / "lake").glob("*/*"))) == len(site.parts())
    site.write("smtp_cmd.log", b"".join(lines[:20]))
    site.run()
    assert site.rows() == rows, "what was merged is still known to come from that file"


def test_parts_of_a_pass_that_did_not_end_are_swept(site: Site) -> None:
    site.put(LEAK)
    site.run()
    rows = site.rows()
    (site.state / "lake" / "conn" / "0123.parquet").write_bytes(b"half")
    (site.state / "lake" / "conn" / ".part-xyz").write_bytes(b"half")
    (site.state / "work" / "checksums.json").unlink()
    (site.state / "work" / "days" / "session").mkdir(parents=True)
    (site.state / "work" / "days" / "session" / "half.parquet").write_bytes(b"half")
    site.write("smtp.log", (CAPTURES / "vrfy_scan" / "tsv" / "conn.log").read_bytes())
    site.run()
    assert site.rows() >= rows
    assert {path.name for path in (site.state / "lake").glob("*/*")} == {part.name for part in site.parts()}
    assert [path.name for path in (site.state / "work").iterdir()] == ["checksums.json"]


def test_tables_of_days_without_a_new_row_are_not_made_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "Materializer", partial(Materializer, small_rows=1, min_rows=0))
    site.put(LEAK)
    site.run()
    made = {path: path.stat().st_mtime_ns for path in (site.state / "work" / "days").rglob("session/*.parquet")}
    (site.logs / "later").mkdir()
    for path in (CAPTURES / LEAK / "tsv").glob("*.log"):
        later = re.sub(rb"(?m)^(\d{10})\.", lambda m: b"%d." % (int(m[1]) + 86_400), path.read_bytes())
        site.write(f"later/{path.name}", re.sub(rb"\tC(\w{8})", rb"\tD\1", later))
    site.now = NOW + timedelta(days=1)
    site.run()
    after = {path: path.stat().st_mtime_ns for path in (site.state / "work" / "days").rglob("session/*.parquet")}
    assert made and made.items() < after.items()


def test_a_part_that_is_missing_is_said(site: Site) -> None:
    site.put(LEAK)
    site.run()
    next((site.state / "lake").glob("*/*")).unlink()
    with pytest.raises(UnusableError, match=r"1 of its parts are damaged or missing .*--rebuild"):
        site.run()


def test_a_second_pass_leaves_at_once(site: Site) -> None:
    site.put(LEAK)
    site.state.mkdir(mode=0o700)
    with (
        hold_lock(site.state),
        pytest.raises(UnusableError, match=rf"another pass is running \(process {os.getpid()},"),
    ):
        site.run()
    assert not (site.state / NAME).exists()
    site.run()


def test_a_lock_of_the_dead_holds_nobody_up(site: Site) -> None:
    site.put(LEAK)
    site.state.mkdir(mode=0o700)
    code = f"""
import os, signal
from pathlib import Path
from zeeksmtp.cron.lock import hold_lock
with hold_lock(Path({str(site.state)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    dead = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert dead.returncode < 0 and (site.state / "lock").read_text().strip().isdigit()
    assert site.run().news


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_dry_run_changes_nothing(site: Site) -> None:
    site.put(LEAK)
    first = run.dry_run(site.request())
    assert len(first.files) == 7 and first.news and not site.state.exists()
    site.run()
    before = tree(site.home)
    more(site)
    ended = run.dry_run(site.request())
    assert ended.news and len(ended.files) == 4
    assert {path: content for path, content in tree(site.home).items() if "/vrfy_scan/" not in path} == before
    assert len(site.shown) == 1


def test_a_report_that_could_not_be_delivered_goes_with_the_next_pass(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[tuple[str, str, str]] = []
    shut = True

    def send(name: str, envelope: Envelope, _: object) -> None:
        tries.append((name, envelope.id, envelope.render("json", View())))
        if shut and name == "mail":
            raise DeliveryError("mail.example refused")

    monkeypatch.setattr("zeeksmtp.cron.outgoing.configured", lambda _: ("file", "mail"))
    monkeypatch.setattr("zeeksmtp.cron.outgoing.send", send)
    site.put(LEAK)
    ended = site.run()
    assert ended.undelivered == ("mail.example refused (the report waits for the next pass)",)
    (row,) = site.waiting()
    assert (row.transports, row.attempts, row.error) == (("mail",), 1, "mail.example refused")
    shut = False
    assert site.run().undelivered == ()
    assert site.waiting() == []
    assert [name for name, _, _ in tries] == ["file", "mail", "mail"]
    assert len({(id_, text) for _, id_, text in tries}) == 1, "the same envelope, word for word"
    site.run()
    assert len(tries) == 3


def test_the_outbox_is_bounded_and_what_it_lets_go_is_new_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: object) -> None:
        raise DeliveryError("no route")

    monkeypatch.setattr("zeeksmtp.cron.outgoing.configured", lambda _: ("mail",))
    monkeypatch.setattr("zeeksmtp.cron.outgoing.send", send)
    monkeypatch.setattr("zeeksmtp.cron.recording.MAX_WAITING_REPORTS", 1)
    site.put(LEAK)
    site.run()
    (first,) = site.reports()
    more(site)
    site.run()
    (second,) = site.reports()
    news = [[f.id for f in report.findings if f.state == "new"] for report in (first, second)]
    assert set(news[0]) < set(news[1])


@pytest.mark.parametrize("name", [LEAK, "password_reuse", "auth_odd"])
def test_no_secret_in_lake_state_or_outbox(name: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zeeksmtp.cron.outgoing.configured", lambda _: ("mail",))
    monkeypatch.setattr("zeeksmtp.cron.outgoing.send", _refused)
    site.put(name)
    site.run()
    assert site.waiting() or not site.known()
    secrets = [line for line in (CAPTURES / name / "secrets.txt").read_text().splitlines() if line]
    assert secrets
    state = site.within(lambda c: "\n".join(c.connection.driver_connection.iterdump()))
    assert [line for line in secrets if line in state] == []
    for part in (site.state / "lake").glob("*/*"):
        cells = pl.read_parquet(part).write_ndjson()
        assert [line for line in secrets if line in cells] == []
    assert {path.stat().st_mode & 0o077 for path in [site.state, *site.state.rglob("*")]} == {0}


def _refused(*_: object) -> None:
    raise DeliveryError("no route")


def test_folders_that_are_not_set_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`log_dir` is not set"):
        run.folders(Settings())
    with pytest.raises(ConfigError, match="`state_dir` is not set"):
        run.folders(Settings(log_dir=tmp_path))
    with pytest.raises(NoInputError, match="no such folder"):
        run.folders(Settings(log_dir=tmp_path / "none", state_dir=tmp_path))
    with pytest.raises(ConfigError, match="lies in log_dir"):
        run.folders(Settings(log_dir=tmp_path, state_dir=tmp_path / "state"))
