"""What the logs let a pass see: a missing log, a missing package, an older one."""

import os
from pathlib import Path

from zeeksmtp.doctor import Check
from zeeksmtp.doctor.columns import seen_in
from zeeksmtp.reading.discover import find
from zeeksmtp.reading.kinds import logs

OFFICE = Path("fixtures/scenarios/office/logs")


def _checks(folder: Path) -> dict[str, Check]:
    return {check.about: check for check in seen_in(find([folder]))}


def test_the_package_is_seen_by_its_logs() -> None:
    check = _checks(OFFICE)["Zeek package"]
    assert check.verdict == "ok"
    assert "smtp_session" in check.what


def test_without_its_logs_the_remedy_is_to_install_it() -> None:
    check = _checks(Path("fixtures/logs/conn"))["Zeek package"]
    assert check.verdict == "warn"
    assert check.remedy is not None
    assert "zeeksmtp zeek-scripts --install" in check.remedy


def test_without_conn_log_nothing_works() -> None:
    assert _checks(Path("fixtures/logs/smtp"))["conn.log"].verdict == "fail"


def test_an_older_package_is_recognised_by_the_columns_of_its_newest_file(tmp_path: Path) -> None:
    source = next(Path("fixtures/captures/vrfy_scan/tsv").rglob("smtp_cmd*"))
    for name, renamed, age in (("a", "latency", 100), ("b", "lag", 0)):
        (tmp_path / f"{name}.log").write_text(source.read_text().replace("latency", renamed, 1))
        os.utime(tmp_path / f"{name}.log", (1e9 - age, 1e9 - age))
    check = _checks(tmp_path)["smtp_cmd.log"]
    assert check.verdict == "warn"
    assert check.what == "b.log lacks latency"


def test_a_column_that_zeek_renamed_is_not_lacking(tmp_path: Path) -> None:
    """Certificates are known by fingerprint, in older logs by file id: no Zeek writes both."""
    written = {"ssl": {"cert_chain_fps": "cert_chain_fuids"}, "x509": {"fingerprint": "id"}}
    for old, folder in ((False, tmp_path / "new"), (True, tmp_path / "old")):
        folder.mkdir()
        for name, renamed in written.items():
            dropped = set(renamed if old else renamed.values())
            fields = [column.name for column in logs()[name].columns if column.name not in dropped]
            head = "\t".join(["#fields", *fields])
            (folder / f"{name}.log").write_text(f"#separator \\x09\n#path\t{name}\n{head}\n")
        assert not {"ssl.log", "x509.log"} & _checks(folder).keys(), folder
