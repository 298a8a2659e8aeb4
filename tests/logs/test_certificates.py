"""x509.log has no connection: its rows are kept by time alone, in every form in which Zeek writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.reading import read
from zeeksmtp.ingest import scan
from zeeksmtp.reading.kinds import logs

NAMES = ("subject", "not_valid_before", "not_valid_after")
FIELDS = "\t".join(("ts", "fingerprint", *(f"certificate.{name}" for name in NAMES), "san.dns", "host_cert"))
HOST = "1795392000.000000\taa\tCN=mx.corp.example\t1790000000.000000\t1800000000.000000\tmx.corp.example,\\x1b.ex\tT"
AUTHORITY = "1795392001.000000\tca\tCN=Some CA\t1700000000.000000\t1900000000.000000\t-\tF"
TSV = f"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tx509\n#fields\t{FIELDS}\n"
JSON = (
    '{"ts":1795392000.0,"fingerprint":"aa","certificate.subject":"CN=mx.corp.example","certificate.not_valid_before":'
    '1790000000.0,"certificate.not_valid_after":1800000000.0,"san.dns":["mx.corp.example","x\\\\x1b.example"],'
    '"host_cert":true}\n{"ts":1795392001.0,"fingerprint":"ca","host_cert":false}\n'
)


@pytest.mark.parametrize("text", [f"{TSV}{HOST}\n{AUTHORITY}\n", f"{FIELDS}\n{HOST}\n{AUTHORITY}\n", JSON])
def test_certificates_of_hosts_are_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / "x509.log").write_text(text)
    read(tmp_path / "x509.log", tmp_path / "lake")
    (row,) = scan(tmp_path / "lake", logs()["x509"]).collect().to_dicts()
    assert (row["fingerprint"], row["id"], row["certificate.subject"]) == ("aa", None, "CN=mx.corp.example")
    assert row["san.dns"][0] == "mx.corp.example"
    assert f"{row['certificate.not_valid_after']:%Y-%m-%d}" == "2027-01-15"
