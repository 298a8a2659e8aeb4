"""The settings of delivery: what is refused, where, and that no refusal shows a password."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

from tests.delivery._envelopes import SECRET
from zeeksmtp import config
from zeeksmtp.config import Settings, load
from zeeksmtp.delivery_settings import PORTS
from zeeksmtp.errors import ConfigError

MAIL = '[mail]\nhost = "mx.corp.example"\nfrom = "a@corp.example"\nto = ["b@corp.example"]\n'
HOOK = '[webhooks.a]\nurl = "https://soc.corp.example/in"\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where no config file lies, whatever this machine has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("zeeksmtp.toml"),))


def loaded(text: str) -> Settings:
    Path("site.toml").write_text(text, "utf-8")
    return load(Path("site.toml"))


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    text = str(caught.value)
    assert "\n" not in text
    assert SECRET not in text
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{MAIL}frm = 1", "site.toml:5: unknown key `mail.frm`; nearest is `from`"),
        (f'{MAIL}sender = "x@y"', "site.toml:5: unknown key `mail.sender`; nearest is `"),
        (f'{MAIL}tls = "starttsl"', "site.toml:5: `mail.tls`: Input should be 'starttls', 'implicit' or 'none'"),
        (f'{MAIL}tls = ""', "site.toml:5: `mail.tls`"),
        (f"{MAIL}port = 0", "site.toml:5: `mail.port`"),
        ('[mail]\nhost = "mx"\nto = ["b@c"]', "site.toml:1: `mail.from`: Field required"),
        (MAIL.replace("mx.corp.example", "mx.corp.example:25"), "site.toml:2: `mail.host`: neither a host name"),
        (MAIL.replace("mx.corp.example", "mx\\r\\nX: y"), "site.toml:2: `mail.host`: neither a host name"),
        (MAIL.replace("mx.corp.example", "x" * 64), "site.toml:2: `mail.host`: neither a host name"),
        (MAIL.replace('["b@corp.example"]', "[]"), "site.toml:4: `mail.to`: Tuple should have at least 1 item"),
        (f'{MAIL}username = "u"', "site.toml:1: `mail`: `username` needs `password_file` or ZEEKSMTP_MAIL__PASSWORD"),
        (f'{MAIL}password_file = "p"', "site.toml:1: `mail`: a password needs a `username`"),
        (f'{MAIL}username = "ü"\npassword_file = "p"', "site.toml:5: `mail.username`"),
        (
            f'{MAIL}username = "u"\npassword_file = "p"\ntls = "none"',
            "site.toml:1: `mail`: no password is sent without TLS",
        ),
        (f'{MAIL}password = "{SECRET}"', "site.toml:5: a config file is no place for a password"),
        (f'mail.password = "{SECRET}"', "site.toml:1: a config file is no place for a password"),
        (f'mail = "{SECRET}"', "site.toml:1: `mail`: Input should be a valid dictionary"),
        ('[report_command]\nrun = "a b"', "site.toml:1: `report_command`: `run` is a list"),
        ("[report_command]\nrun = []", "site.toml:2: `report_command.run`: Tuple should have at least 1 item"),
        (
            '[report_command]\nrun = ["a"]\nformt = "json"',
            "site.toml:3: unknown key `report_command.formt`; nearest is `f",
        ),
        ('[report_command]\nrun = ["a"]\nformat = "jsno"', "site.toml:3: `report_command.format`: no such format; n"),
        ('[webhooks.a]\nbody = "slack"', "site.toml:1: `webhooks.a`: it needs either `url` or `url_file`"),
        (f'{HOOK}url_file = "x"', "site.toml:1: `webhooks.a`: it needs either `url` or `url_file`"),
        (f'{HOOK}body = "slak"', "site.toml:3: `webhooks.a.body`: no such body; nearest is `slack`"),
        (f"{HOOK}bdy = 1", "site.toml:3: unknown key `webhooks.a.bdy`; nearest is `body`"),
        (f'{HOOK}proxy = "socks5://x"', "site.toml:3: `webhooks.a.proxy`: must be `environment`, `none` or http://"),
        (f'{HOOK}authorization = "{SECRET}"', "site.toml:3: a config file is no place for a token"),
        (f'{HOOK}signing_key = "{SECRET}"', "site.toml:3: a config file is no place for a signing key"),
        (f'webhooks = "{SECRET}"', "site.toml:1: `webhooks`: Input should be a valid dictionary"),
        (f'[webhooks."A b"]\nurl = "https://x/{SECRET}"', "site.toml:1: `webhooks.A b`: String should match pattern"),
        ('[syslog]\nto = "siem:514"', "site.toml:2: `syslog.to`: no collector; write udp://host:514"),
        ('[syslog]\nto = "tcp://siem:70000"', "site.toml:2: `syslog.to`: no collector; write udp://host:514"),
        ('[syslog]\nto = "udp://a b"', "site.toml:2: `syslog.to`: no collector; write udp://host:514"),
        ('[syslog]\nto = "journal"\nfacility = "kern"', "site.toml:3: `syslog.facility`: Input should be 'daemon'"),
        ('[syslog]\nto = "journal"\nformt = "text"', "site.toml:3: unknown key `syslog.formt`; nearest is `format`"),
        (f'[webhooks.a]\nurl = "http://x.example/{SECRET}"', "site.toml:2: `webhooks.a.url`: must start with https"),
        (f'[webhooks.a]\nurl = "https://x y/{SECRET}"', "site.toml:2: `webhooks.a.url`: no URL; write https://"),
        (f'[webhooks.a]\nurl = "https://u:{SECRET}@x/"', "site.toml:2: `webhooks.a.url`: a URL is no place for"),
        ('report_files = ["a.html",\n"b.doc"]', "site.toml:2: `report_files.1`: must end with one of .html .md .json"),
    ],
)
def test_what_is_odd_is_refused_with_its_line(text: str, expected: str) -> None:
    assert refusal(text).startswith(expected)


@pytest.mark.parametrize(
    "address",
    (
        "|a|@b.example|a@|a b@c.example|a@b@c.example|a@b..example|a@-b|a..b@c|ü@c.example|a@[192.0.2.1]|"
        'a@b.example\\n|a@b.example\\nBcc: x@y.example|Name <a@b.example>|\\"a\\"@b|a@' + "b." * 130 + "c"
    ).split("|"),
)
def test_only_plain_addresses_are_taken(address: str) -> None:
    assert "no plain mail address" in refusal(MAIL.replace("b@corp.example", address))
    assert "no plain mail address" in refusal(MAIL.replace("a@corp.example", address))


@pytest.mark.parametrize(
    "pattern",
    [
        "{date.year}.txt",
        "{date!r}.txt",
        "{}.txt",
        "{0}.txt",
        "{date:%Y.txt",
        "{date:{x}}.txt",
        "{x}.txt",
        "}.txt",
        "\\u0000.txt",
    ],
)
def test_only_the_date_can_stand_in_a_pattern(pattern: str) -> None:
    assert "`{date:%Y-%m-%d}`, in any such form, is all" in refusal(f'report_files = ["{pattern}"]')


@pytest.mark.parametrize("tls", PORTS)
def test_the_port_follows_from_tls(tls: str) -> None:
    mail = loaded(f'{MAIL}tls = "{tls}"').mail
    assert mail is not None
    assert mail.server == ("mx.corp.example", {"starttls": 587, "implicit": 465, "none": 25}[tls])


@pytest.mark.parametrize("password", [SECRET, "12345", "null", '{"a": 1}', '"quoted"', "a,b", " x "])
def test_the_environment_gives_the_password_as_it_stands(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEKSMTP_MAIL__PASSWORD", password)
    monkeypatch.setenv("ZEEKSMTP_MAIL__USERNAME", "zeeksmtp")
    monkeypatch.setenv("ZEEKSMTP_MAIL__TO", "x@corp.example, y@corp.example")
    settings = loaded(MAIL)
    assert settings.mail is not None
    assert settings.mail.password is not None
    assert settings.mail.password.get_secret_value() == password
    assert settings.mail.to == ("x@corp.example", "y@corp.example")


def test_no_form_of_the_settings_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEKSMTP_MAIL__PASSWORD", SECRET)
    monkeypatch.setenv("ZEEKSMTP_MAIL__USERNAME", "zeeksmtp")
    settings = loaded(MAIL)
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "zeeksmtp" in shown
        assert SECRET not in shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ZEEKSMTP_MAIL", f'{{"host": "a", "password": "{SECRET}"'),
        ("ZEEKSMTP_MAIL", f'{{"host": "a", "password": "{SECRET}"}}'),
        ("ZEEKSMTP_MAIL", f'{{"host": "{SECRET} x", "from": "a@b", "to": "b@c", "password": ["{SECRET}"]}}'),
        ("ZEEKSMTP_MAIL__PASSWORT", SECRET),
    ],
)
def test_no_refusal_shows_the_password(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        loaded(MAIL if variable != "ZEEKSMTP_MAIL" else "")
    assert SECRET not in str(caught.value)
    assert re.match("ZEEKSMTP_MAIL|environment: error parsing", str(caught.value))
    assert SECRET not in "".join(traceback.format_exception(caught.value.__cause__ or caught.value))


def test_a_webhook_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEKSMTP_WEBHOOKS__SOC__AUTHORIZATION", SECRET)
    monkeypatch.setenv("ZEEKSMTP_WEBHOOKS__CHAT__URL", f"https://hooks.example/{SECRET}")
    hooks = loaded('[webhooks.soc]\nurl = "https://soc.corp.example/in"\n').webhooks
    assert hooks["soc"].authorization is not None and hooks["soc"].authorization.get_secret_value() == SECRET
    assert hooks["chat"].url == f"https://hooks.example/{SECRET}"


@pytest.mark.parametrize("variable", ["ZEEKSMTP_WEBHOOKS__SOC__AUTHORIZATION", "ZEEKSMTP_WEBHOOKS__SOC__SIGNING_KEY"])
def test_a_secret_without_an_address_is_not_shown(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, SECRET)
    assert refusal("").endswith("it needs either `url` or `url_file`")
