"""Settings: who wins, what is refused, and that a refusal names the right line and the right key."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zeeksmtp.detectors
from zeeksmtp import config, registry
from zeeksmtp.config import Settings, Suppression, load
from zeeksmtp.errors import ConfigError, ExitCode, UsageError
from zeeksmtp.model import Site
from zeeksmtp.toml_lines import lines_of

DETECTORS = {unit.id: unit for unit in registry.discover(zeeksmtp.detectors, "DETECTOR").values()}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no config file lies, whatever this machine has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("zeeksmtp.toml"),))


def written(text: str, name: str = "zeeksmtp.toml") -> Path:
    file = Path(name)
    file.write_text(text, encoding="utf-8")
    return file


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(written(text, "site.toml"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Who wins


def test_defaults_alone_are_a_config() -> None:
    settings = load()
    assert (settings.alpha, settings.false_discovery_rate, settings.link_hours) == (1e-6, 0.01, 24)
    assert settings.site == Site()


def test_flags_beat_environment_beats_file_beats_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    written('alpha = 0.1\nlink_hours = 1\nretention_days = 9\ntimezone = "Europe/Berlin"')
    monkeypatch.setenv("ZEEKSMTP_ALPHA", "0.2")
    monkeypatch.setenv("ZEEKSMTP_LINK_HOURS", "2")
    settings = load(alpha=0.3, timezone=None)
    assert (settings.alpha, settings.link_hours, settings.retention_days) == (0.3, 2, 9)
    assert (settings.timezone, settings.settle_seconds) == ("Europe/Berlin", 120)


def test_a_named_file_replaces_the_one_found_here() -> None:
    written("alpha = 0.1\nlink_hours = 1")
    settings = load(written("alpha = 0.2", "other.toml"))
    assert (settings.alpha, settings.link_hours) == (0.2, 24)


def test_the_environment_gives_lists_and_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEKSMTP_LOCAL_NETS", "10.0.0.0/8, 2001:db8::/32")
    monkeypatch.setenv("ZEEKSMTP_ROLES", '{"10.0.0.25": "relay"}')
    monkeypatch.setenv("ZEEKSMTP_SUPPRESS", '[{"client": "10.0.0.9", "reason": "scanner"}]')
    settings = load()
    assert settings.site.local_nets == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert settings.site.roles == (("10.0.0.25", "relay"),)
    assert settings.suppress[0].client == ip_address("10.0.0.9")


def test_a_section_is_the_detectors_params_and_the_environment_joins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written("[detectors.user-enumeration]\nmin_names = 7")
    monkeypatch.setenv("ZEEKSMTP_DETECTORS__USER_ENUMERATION__MEMORY_DAYS", "3")
    params = load().params("user-enumeration").model_dump()
    assert (params["min_names"], params["memory_days"]) == (7, 3)
    assert load().params("cleartext-credentials") == DETECTORS["cleartext-credentials"].params()


# What is refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpha = 0.1\n\nalhpa = 1", "site.toml:3: unknown key `alhpa`; nearest is `alpha`"),
        ("# a comment\nalpha = 1", "site.toml:2: `alpha`: Input should be less than 1"),
        (
            '[[suppress]]\nreson = "x"\nclient = "10.0.0.1"',
            "site.toml:2: unknown key `suppress.0.reson`; nearest is `reason`",
        ),
        ('[[suppress]]\nreason = "x"', "site.toml:1: `suppress.0`: it must name a finding, detector"),
        ('[[suppress]]\nclient = "10.0.0.1"', "site.toml:1: `suppress.0.reason`: Field required"),
        ('[[suppress]]\nreason = ""\nclient = "10.0.0.1"', "site.toml:2: `suppress.0.reason`:"),
        (
            '[[suppress]]\nreason = "x"\ndetector = "user-enumeratoin"',
            "site.toml:3: `suppress.0.detector`: no such detector; nearest is `user-enumeration`",
        ),
        (
            '[[suppress]]\nreason="a"\nclient="10.0.0.1"\n[[suppress]]\nreason="b"\nclient="10.0.0.1000"',
            "site.toml:6: `suppress.1.client`: '10.0.0.1000' does not appear to be an IPv4 or IPv6 address",
        ),
        (
            "[detectors.user-enumeratoin]\n",
            "site.toml:1: unknown key `detectors.user-enumeratoin`; nearest is `user-enumeration`",
        ),
        (
            "[detectors.user-enumeration]\n\nmin_name = 3",
            "site.toml:3: unknown key `detectors.user-enumeration.min_name`; nearest is `min_names`",
        ),
        ("[detectors]\nuser-enumeration.min_names = 0", "site.toml:2: `detectors.user-enumeration.min_names`:"),
        ('[roles]\n"10.0.0.1" = "realy"', "site.toml:2: `roles.10.0.0.1`: no such role; nearest is `relay`"),
        ('[roles]\nmail = "relay"', "site.toml:2: `roles.mail`: 'mail' does not appear to be an IPv4 or IPv6 address"),
        (
            'local_nets = [\n  "10.0.0.0/8",\n  "10.1.2.3/8",\n]',
            "site.toml:3: `local_nets.1`: 10.1.2.3/8 has host bits set",
        ),
        ('timezone = "Europe/Berln"', "site.toml:1: `timezone`: no such time zone; nearest is `Europe/Berlin`"),
        ('timezone = "../etc/passwd"', "site.toml:1: `timezone`: no such time zone"),
        ("alpha = 1\n\nalpha =", "site.toml:3: no valid TOML"),
        ("a = 1\nb = \n", "site.toml:2: no valid TOML"),
        ('"al\\u001b[31mpha" = 1', "site.toml:1: unknown key `al\\x1b[31mpha`; nearest is `alpha`"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_line(text: str, expected: str) -> None:
    assert refusal(text).startswith(expected)


def test_a_named_file_must_be_there_and_be_text() -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read"):
        load(Path("absent.toml"))
    Path("binary.toml").write_bytes(b"alpha = \xff")
    with pytest.raises(ConfigError, match=r"binary\.toml: not UTF-8 at byte 8") as caught:
        load(Path("binary.toml"))
    assert caught.value.exit_code == ExitCode.UNUSABLE


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("ZEEKSMTP_ALHPA", "1", "ZEEKSMTP_ALHPA: unknown setting `alhpa`; nearest is `alpha`"),
        ("ZEEKSMTP_ALPHA", "2", "ZEEKSMTP_ALPHA: `alpha`: Input should be less than 1"),
        ("ZEEKSMTP_ROLES", "relay", 'environment: error parsing value for field "roles"'),
        ("ZEEKSMTP_SUPPRESS", '[{"reason": "x"}]', "ZEEKSMTP_SUPPRESS: `suppress.0`: it must name"),
        ("ZEEKSMTP_DETECTORS__FOO__X", "1", "ZEEKSMTP_DETECTORS__FOO__X: unknown key `detectors.foo`; nearest is `"),
        (
            "ZEEKSMTP_DETECTORS__USER_ENUMERATION__MIN_NAME",
            "3",
            "ZEEKSMTP_DETECTORS__USER_ENUMERATION__MIN_NAME: unknown key `detectors.user-enumeration.min_name`; "
            "nearest is `min_names`",
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_name(
    variable: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        load()
    assert str(caught.value).startswith(expected)


def test_a_wrong_flag_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"--local-net: `local_nets\.0`: 10\.0\.0\.1/8 has host bits set"):
        load(local_nets=("10.0.0.1/8",))


def test_importing_the_config_loads_no_polars() -> None:
    code = "import sys, zeeksmtp.config as c; c.load(); sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Any config: what is written is what is read, and one misspelt key is found


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "log_dir": st.sampled_from(["/var/log/zeek", 'a "b" \\c', "x#y"]),
    "state_dir": st.just("/var/lib/zeeksmtp"),
    "lake_dir": st.just("/mnt/lake"),
    "lake_url": st.just("s3://bucket/prefix"),
    "dask_scheduler": st.just("tcp://scheduler:8786"),
    "local_nets": st.lists(st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "192.0.2.0/24"]), max_size=3),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    "settle_seconds": st.integers(0, 86_400),
    "assets": st.just(str(Path(__file__).parents[1] / "fixtures" / "assets" / "hosts.csv")),
    "mmdb": st.just([]),
    "max_unpacked_gib": st.floats(0.001, 100_000),
    "retention_days": st.integers(1, 3650),
    "alpha": st.floats(1e-9, 0.5),
    "false_discovery_rate": st.floats(1e-9, 0.5),
    "link_hours": st.floats(0.5, 720),
    "detectors": st.dictionaries(st.sampled_from(sorted(DETECTORS)), st.just({}), max_size=3).map(
        lambda sections: {name: DETECTORS[name].params().model_dump(mode="json") for name in sections}
    ),
    "roles": st.dictionaries(st.sampled_from(["10.0.0.1", "2001:db8::1"]), st.sampled_from(config.ROLES)),
    "suppress": st.lists(
        st.fixed_dictionaries(
            {"reason": st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1)},
            optional={"account": st.just("alice")},
        ).map(lambda entry: {"client": "10.0.0.1", **entry}),
        max_size=3,
    ),
    "report_files": st.lists(st.sampled_from(["/tmp/{date:%Y-%m-%d}.html", "a.json", "b.ndjson"]), max_size=3),
    "report_command": st.fixed_dictionaries(
        {"run": st.lists(st.sampled_from(["/bin/true", "a b", "#"]), min_size=1, max_size=3)},
        optional={"format": st.sampled_from(["json", "markdown"]), "timeout_seconds": st.integers(1, 3600)},
    ),
    "report_severity": st.sampled_from(["info", "low", "medium", "high", "critical"]),
    "max_minor_findings": st.integers(0, 1000),
    "mail": st.fixed_dictionaries(
        {
            "host": st.sampled_from(["mail.corp.example", "192.0.2.25", "2001:db8::25"]),
            "from": st.just("zeeksmtp@corp.example"),
            "to": st.lists(st.sampled_from(["soc@corp.example", "root@localhost"]), min_size=1, max_size=3),
        },
        optional={"port": st.integers(1, 65_535), "tls": st.sampled_from(["starttls", "implicit", "none"])},
    ),
    "metrics_file": st.just("/var/lib/node_exporter/zeeksmtp.prom"),
    "syslog": st.fixed_dictionaries(
        {"to": st.sampled_from(["udp://siem.corp.example", "tls://[2001:db8::1]:6514", "unix:///dev/log", "journal"])},
        optional={"facility": st.sampled_from(["auth", "local7"]), "format": st.just("text")},
    ),
    "webhooks": st.dictionaries(
        st.sampled_from(["soc", "chat", "siem2"]),
        st.fixed_dictionaries(
            {"url": st.sampled_from(["https://soc.corp.example/in", "http://localhost:9200/x/_bulk"])},
            optional={"body": st.sampled_from(["slack", "report"]), "timeout_seconds": st.integers(1, 600)},
        ),
        max_size=2,
    ),
}
CONFIGS = st.fixed_dictionaries({}, optional=VALUES)


def test_the_strategies_know_every_setting() -> None:
    assert VALUES.keys() == Settings.model_fields.keys()


def toml(value: object) -> str:
    """Write a TOML value; JSON's strings and numbers are TOML's, but for DEL, which TOML wants escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + "".join(f"\n  {toml(inner)}, # {index}" for index, inner in enumerate(value)) + "\n]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def document(values: dict[str, Any], *, as_headers: bool) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """Write a config and tell where each key went, counted while writing."""
    lines: list[str] = []
    places: dict[tuple[str | int, ...], int] = {}

    def write(path: tuple[str | int, ...], value: object) -> None:
        places[path] = len(lines) + 1
        lines.extend(f"{json.dumps(path[-1])} = {toml(value)}".split("\n"))

    def table(header: str, path: tuple[str | int, ...], content: dict[str, Any]) -> None:
        lines.extend(["", f"# about {header}", header])
        places[path] = len(lines)
        for key, value in content.items():
            write((*path, key), value)

    sections = ("report_command", "mail")
    tables = {key for key in ("detectors", "roles", "suppress", *sections) if as_headers and values.get(key)}
    for key in values.keys() - tables:
        write((key,), values[key])
    for name, section in values["detectors"].items() if "detectors" in tables else ():
        table(f"[detectors.{name}]", ("detectors", name), section)
    for name in tables.intersection(sections):
        table(f"[{name}]", (name,), values[name])
    if "roles" in tables:
        table("[ roles ] # who is who", ("roles",), values["roles"])
    for index, entry in enumerate(values["suppress"] if "suppress" in tables else ()):
        table("[[suppress]]", ("suppress", index), entry)
    return "\n".join(lines) + "\n", places


@given(CONFIGS, st.booleans())
def test_what_is_written_is_what_is_read(values: dict[str, Any], as_headers: bool) -> None:
    text, places = document(values, as_headers=as_headers)
    assert tomllib.loads(text) == values
    settings = load(written(text, "site.toml"))
    assert settings == Settings.model_validate(values)
    assert settings.model_fields_set == values.keys()
    found = lines_of(text)
    assert {path: found[path] for path in places} == places


@given(CONFIGS.filter(bool), st.booleans(), st.data())
def test_any_misspelt_key_is_refused_with_its_line(
    values: dict[str, Any], as_headers: bool, data: st.DataObject
) -> None:
    text, places = document(values, as_headers=as_headers)
    # A role's key is an address, and the name of a detector or of a parameter is judged like a setting's.
    named = [path for path in places if isinstance(path[-1], str) and (path[0] != "roles" or len(path) == 1)]
    path = data.draw(st.sampled_from(sorted(named, key=str)))
    right = str(path[-1])
    at = data.draw(st.integers(0, len(right) - 1))
    wrong = right[:at] + "q" + right[at:]
    lines = text.split("\n")
    lines[places[path] - 1] = lines[places[path] - 1].replace(right, wrong, 1)
    assert refusal("\n".join(lines)).startswith(
        f"site.toml:{places[path]}: unknown key `{'.'.join(map(str, (*path[:-1], wrong)))}`; nearest is `"
    )


def test_a_misspelt_setting_is_offered_the_right_one() -> None:
    for right in (*Settings.model_fields, *Suppression.model_fields):
        wrong = right[:-1] + "q"
        text = f"{wrong} = 1" if right in Settings.model_fields else f"[[suppress]]\n{wrong} = 1"
        assert refusal(text).endswith(f"nearest is `{right}`")


# The locator, on TOML that is harder than any config


def test_lines_of_hard_toml() -> None:
    text = (
        'a.b."c.d" = 1 # [no]\n'
        "s = '''\n[x]\n'''\n"
        't = """\n"quoted" \\""" # not yet\n"""""\n'
        "list = [ # comment ]\n  { k = [1, '],'] },\n\n  { k = 2, l = \"}\" },\n]\n"
        "[[x.y]]\n[x.y.z]\nk = 1979-05-27 07:32:00\n[[x.y]]\n[x.'y'.z]\nk = true\r\n[[x.y.w]]\nk=1"
    )
    tomllib.loads(text)
    lines = lines_of(text)
    assert lines["a", "b", "c.d"] == 1
    assert (lines["s",], lines["t",], lines["list",]) == (2, 5, 8)
    assert (lines["list", 0, "k", 1], lines["list", 1], lines["list", 1, "l"]) == (9, 11, 11)
    assert (lines["x", "y", 0], lines["x", "y", 0, "z", "k"], lines["x", "y", 1]) == (13, 15, 16)
    assert (lines["x", "y", 1, "z", "k"], lines["x", "y", 1, "w", 0, "k"]) == (18, 20)
