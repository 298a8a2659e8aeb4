"""The search language: its terms mean what the options mean, and what is wrong with a wrong one is said."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zeeksmtp.detectors
from tests.outputs._reports import finding
from zeeksmtp import registry
from zeeksmtp.cli import _filters
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Credential, Finding, Severity
from zeeksmtp.report.filters import STATES, Filter, is_within, network
from zeeksmtp.report.query import HELP, Clock, Query, parse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLOCK = Clock(UTC, NOW)
DETECTORS = [name.replace("_", "-") for name in registry.names(zeeksmtp.detectors)]
addresses = st.ip_addresses().map(str)
names = st.text(st.characters(codec="utf-8", exclude_characters='"', exclude_categories=["Cs", "Z", "Cc"]), min_size=1)
options = st.fixed_dictionaries(
    {},
    optional={
        "min_severity": st.sampled_from(Severity),
        "detectors": st.lists(st.sampled_from(DETECTORS), min_size=1),
        "clients": st.lists(addresses, min_size=1),
        "servers": st.lists(addresses, min_size=1),
        "accounts": st.lists(names, min_size=1),
        "states": st.lists(st.sampled_from(STATES), min_size=1),
        "since": st.datetimes(timezones=st.just(UTC)),
        "until": st.datetimes(timezones=st.just(UTC)),
    },
)


def terms(chosen: dict[str, object]) -> list[str]:
    """Return the terms that say what options say."""
    said = []
    for name, value in chosen.items():
        for one in value if isinstance(value, list) else [value]:
            text = one.isoformat() if isinstance(one, datetime) else one
            said.append(f"severity:>={one}" if name == "min_severity" else f"{name.rstrip('s')}:{text}")
    return said


@given(options)
def test_terms_mean_what_the_options_mean(chosen: dict[str, object]) -> None:
    said = terms(chosen)
    assert parse(" ".join(said), CLOCK).wanted == _filters.chosen(**chosen)  # type: ignore[arg-type] # as Typer does


@given(st.text())
def test_any_text_is_a_search_or_a_usage_error(text: str) -> None:
    try:
        query = parse(text, CLOCK)
    except UsageError as error:
        assert str(error)
    else:
        assert all(word for word in query.words)
        assert query.occurs_in(" ".join(query.words))


@given(st.lists(st.text(st.characters(exclude_characters='"'), min_size=1)))
def test_quotes_make_a_word_of_anything(texts: list[str]) -> None:
    query = parse(" ".join(f'"{text}"' for text in texts), CLOCK)
    assert query == Query(Filter(), tuple(text.casefold() for text in texts))


@given(st.ip_addresses(v=4), st.integers(1, 3))
def test_the_beginning_of_an_address_is_its_network(address: object, octets: int) -> None:
    beginning = "".join(f"{part}." for part in str(address).split(".")[:octets])
    assert network(beginning) == ip_network(f"{address}/{8 * octets}", strict=False)
    assert is_within(str(address), network(beginning))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("client:10.20.", Filter(clients=(ip_network("10.20.0.0/16"),))),
        ("client:2001:db8:", Filter(clients=(ip_network("2001:db8::/32"),))),
        ("host:10.1.2.3 host:10.9.", Filter(hosts=(ip_network("10.1.2.3"), ip_network("10.9.0.0/16")))),
        ("severity:>=high", Filter(min_severity=Severity.HIGH)),
        ("severity:>high", Filter(min_severity=Severity.CRITICAL)),
        ("severity:<=low", Filter(max_severity=Severity.LOW)),
        ("severity:<low", Filter(max_severity=Severity.INFO)),
        ("severity:HIGH", Filter(min_severity=Severity.HIGH, max_severity=Severity.HIGH)),
        ("severity:>=low severity:<critical", Filter(min_severity=Severity.LOW, max_severity=Severity.HIGH)),
        ("severity:>=low severity:>=high", Filter(min_severity=Severity.HIGH)),
        ("detector:cleartext-m", Filter(detectors=("cleartext-mail",))),
        ("since:24h since:2h", Filter(since=datetime(2026, 11, 24, 10, tzinfo=UTC))),
        ("until:yesterday", Filter(until=datetime(2026, 11, 23, tzinfo=UTC))),
        ('account:"john doe"', Filter(accounts=("john doe",))),
    ],
)
def test_fields(text: str, wanted: Filter) -> None:
    assert parse(text, CLOCK) == Query(wanted)


def test_times_without_a_zone_are_in_that_of_the_site() -> None:
    berlin = Clock(ZoneInfo("Europe/Berlin"), NOW)
    assert parse("since:2026-11-23T06:00", berlin).wanted.since == datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_other_words_must_occur_in_any_case() -> None:
    query = parse('ScAn 10.0.0.1:25 "de ad"', CLOCK)
    assert query.words == ("scan", "10.0.0.1:25", "de ad")
    assert query.occurs_in("SCAN of 10.0.0.1:25, de ad")
    assert not query.occurs_in("scan of 10.0.0.1:25")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clinet:10.", "did you mean client:?"),
        ("x:y", "there are severity, client,"),
        ("severity:awful", "severity:awful is none; there are info, low"),
        ("severity:>critical", "severity:>critical is none"),
        ("severity:<info", "severity:<info is none"),
        ("client:10.20", "client: '10.20' does not appear to be"),
        ("client:300.", "client: "),
        ("client:", "client: has no value"),
        ("detector:cleartxt-mail", "did you mean cleartext-mail?"),
        ("state:old", "no state is called 'old'"),
        ("since:soon", "since: 'soon' is no time; write 2026"),
        ("since:999999d", "since: '999999d' is no time"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text, CLOCK)
    assert said in str(raised.value)


def test_every_field_is_explained_by_examples_that_work() -> None:
    for field, text in HELP.items():
        assert f"{field}:" in text
    assert parse("severity:<high since:7d client:10.20.0.0/16 until:2026-11-24", CLOCK).wanted != Filter()


@pytest.mark.parametrize(
    ("query", "matches"), [("host:10.0.", True), ("host:198.51.100.25", True), ("host:10.9.", False)]
)
def test_a_host_is_on_either_side(query: str, matches: bool) -> None:
    one = Finding.model_validate(finding(1))
    assert parse(query, CLOCK).wanted.matches(one) is matches


def test_a_highest_severity_bounds() -> None:
    one = Finding.model_validate(finding(1))
    assert parse("severity:critical").wanted.matches(one)
    assert not parse("severity:<critical").wanted.matches(one)


def test_a_credential_is_chosen_by_its_own_account_and_server() -> None:
    """One finding stands for many accounts of a bot: who asks for one of them is not shown the others."""
    due = Credential(account="alice", server="10.0.0.24", last=datetime(2026, 11, 2, tzinfo=UTC), why="0" * 16)
    assert Filter(accounts=("alice@corp.example",), servers=(network("10.0.0.24"),)).matches_credential(due)
    assert not Filter(accounts=("bob",)).matches_credential(due)
    assert not Filter(servers=(network("10.0.0.25"),)).matches_credential(due)
