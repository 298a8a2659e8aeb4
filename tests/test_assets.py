"""The site's own list of hosts: what a line says, which one counts, and what is refused."""

from pathlib import Path

import pytest

from zeeksmtp.assets import Asset, inventory
from zeeksmtp.errors import ConfigError

HEAD = "address,name,owner,contact,role\n"


def written(folder: Path, text: str) -> Path:
    """Return an asset file with this text."""
    path = folder / "hosts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_network_counts(tmp_path: Path) -> None:
    lines = "10.0.0.0/8,Site,,,\n10.20.0.0/16,Office,IT,it@corp.example,\n10.20.1.200,printer3,Facilities,,printer\n"
    known = inventory(written(tmp_path, HEAD + lines + "\n2001:db8::/32,Six,,,\n"))
    assert known.of("10.20.1.200") == Asset("printer3", "Facilities", None, "printer")
    assert known.of("10.20.1.201") == Asset("Office", "IT", "it@corp.example")
    assert [known.of(host) and known.of(host).name for host in ("10.9.9.9", "2001:db8::1%eth0")] == ["Site", "Six"]  # type: ignore[union-attr]
    assert known.of("192.0.2.1") is known.of("no address") is None


def test_columns_may_stand_in_any_order_and_be_missing(tmp_path: Path) -> None:
    known = inventory(written(tmp_path, '\ufeffName, Address\r\n"Mail, first",10.0.0.25\r\n'))
    assert known.of("10.0.0.25") == Asset("Mail, first")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: the first line names the columns"),
        ("host,name\n", ":1: the first line"),
        (HEAD + "10.0.0.300,x\n", ":2: '10.0.0.300'"),
        (HEAD + "10.0.0.1/8,x\n", "has host bits set"),
        (HEAD + '"10.0.0.1,x\n', "give a CSV file"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"hosts\.csv") as error:
        inventory(written(tmp_path, text))
    assert said in str(error.value)
