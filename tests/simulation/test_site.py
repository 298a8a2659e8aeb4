"""A simulated site is deterministic, consistent across its logs, and looks like what Zeek writes."""

from __future__ import annotations

import json
from functools import cache

import polars as pl
import pytest

from simulation import attacks
from simulation.made import Made
from simulation.seeds import for_choosing, for_reporting
from simulation.site import Site
from simulation.world import World, simulate
from tests.cases import LOGS
from tests.conftest import CAPTURES
from zeeksmtp.dtypes import schema_of

_ENDS = ["uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"]


@cache
def world() -> World:
    return simulate(Site(2, hosts=90, days=7))


def test_the_same_seed_makes_the_same_site() -> None:
    again = simulate(Site(2, hosts=90, days=7))
    assert all(rows.equals(again.logs[log]) for log, rows in world().logs.items())
    assert world().events == again.events


def test_another_seed_makes_another() -> None:
    assert not simulate(Site(4, hosts=90, days=7)).logs["conn"].equals(world().logs["conn"])


def test_one_more_attack_changes_nothing_that_innocents_do() -> None:
    few, more = (simulate(Site(2, hosts=60, days=7), plan) for plan in ({}, {"scan-outside": 1}))
    talks = [w.logs["smtp_session"].select("ts", "id.orig_h", "id.resp_h", "helo") for w in (few, more)]
    assert talks[0].join(talks[1], on=["ts", "id.orig_h", "id.resp_h"], how="anti").is_empty()


def test_the_halves_of_the_seeds_are_kept_apart() -> None:
    assert for_choosing([2, 4]) == (2, 4)
    assert for_reporting([1, 3]) == (1, 3)
    with pytest.raises(ValueError, match="seed 3"):
        for_choosing([2, 3])
    with pytest.raises(ValueError, match="seed 4"):
        for_reporting([1, 4])


@pytest.mark.parametrize("log", sorted(LOGS))
def test_a_log_has_the_schema_of_the_lake(log: str) -> None:
    assert world().logs[log].schema == schema_of(LOGS[log].columns)


@pytest.mark.parametrize("log", ["smtp", "smtp_cmd", "smtp_auth", "smtp_session", "ssl"])
def test_every_line_belongs_to_a_connection(log: str) -> None:
    logs = world().logs
    assert len(logs[log]) > 0
    assert logs[log].join(logs["conn"], on=_ENDS, how="anti").is_empty()


def test_uids_are_of_one_connection_each() -> None:
    assert world().logs["conn"]["uid"].is_unique().all()
    assert world().logs["conn"]["uid"].str.contains("^C[0-9A-Za-z]{17}$").all()


@pytest.mark.parametrize(
    ("counter", "rule"),
    [
        ("commands", pl.lit(value=True)),
        ("mail", pl.col("command") == "MAIL"),
        ("rcpt", pl.col("command") == "RCPT"),
        ("rcpt_accepted", (pl.col("command") == "RCPT") & (pl.col("reply_code") < 300)),
        ("vrfy", pl.col("command") == "VRFY"),
        ("auth_attempts", pl.col("command") == "AUTH"),
        ("auth_successes", (pl.col("command") == "AUTH") & (pl.col("reply_code") == 235)),
        ("messages_accepted", (pl.col("command") == "DATA") & (pl.col("reply_code") == 250)),
        ("replies_5xx", pl.col("reply_code") >= 500),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_counters_of_a_session_are_those_of_its_lines(counter: str, rule: pl.Expr) -> None:
    logs = world().logs
    counted = logs["smtp_cmd"].filter(rule).group_by("uid").agg(pl.len().cast(pl.UInt64).alias("lines"))
    both = logs["smtp_session"].join(counted, on="uid", how="left")
    assert (both[counter] == both["lines"].fill_null(0)).all()
    assert both[counter].sum() > 0


def test_every_login_is_a_command() -> None:
    logs = world().logs
    commands = logs["smtp_cmd"].filter(pl.col("command") == "AUTH").select("uid", "seq", "ts", "arg", "reply_code")
    both = logs["smtp_auth"].join(commands, on=["uid", "seq", "ts"], how="full", coalesce=True)
    assert (both["mechanism"] == both["arg"]).all()
    assert both["reply_code"].equals(both["reply_code_right"], null_equal=True)


def test_nothing_is_read_inside_tls() -> None:
    logs = world().logs
    injected = logs["smtp_cmd"].filter("pipelined", pl.col("reply_code").is_null())["uid"].unique()  # with STARTTLS
    secret = logs["smtp_session"].filter(pl.col("tls"), ~pl.col("uid").is_in(injected.implode()))
    assert len(secret) > 100
    assert secret["commands"].to_list() == [2] * len(secret)
    assert logs["ssl"].join(secret, on="uid", how="semi").height == len(secret)


def test_every_transaction_is_a_line_numbered_by_the_mails_before_it() -> None:
    logs = world().logs
    mails = logs["smtp"].filter(~pl.col("tls")).sort("uid", "ts")
    commands = logs["smtp_cmd"].filter(pl.col("command") == "MAIL").group_by("uid").agg(pl.len().alias("sent"))
    lines = mails.group_by("uid").agg(pl.len().alias("lines"))
    assert lines.join(commands, on="uid", how="full").filter(pl.col("lines").ne_missing(pl.col("sent"))).is_empty()
    sent = (pl.col("fuids").list.len() > 0).cast(pl.Int64)
    before = sent.cum_sum().over("uid") - sent
    assert mails.filter(pl.col("trans_depth").cast(pl.Int64) != before + 1).is_empty()
    assert mails["trans_depth"].max() == 3


def test_dialects_say_how_clients_speak() -> None:
    logs = world().logs
    sessions = logs["smtp_session"].filter(pl.col("commands") > 0)
    assert sessions["dialect"].null_count() == 0
    assert sessions.select("dialect", "dialect_raw").n_unique() == sessions["dialect"].n_unique()
    raw = sessions["dialect_raw"]
    first = logs["smtp_cmd"].sort("uid", "seq").unique(["uid", "command"], keep="first")
    pipelined = first.filter("pipelined")["uid"].unique()
    assert len(pipelined)
    marked = sessions.filter(raw.str.contains("*", literal=True))["uid"]
    assert set(pipelined) == set(marked)
    assert raw.str.contains(r"^(EHLO|HELO) (fqdn|label|other|\[ipv4\]|ipv4)(,|$)").all()


def test_sizes_of_messages_stand_at_data_alone() -> None:
    commands = world().logs["smtp_cmd"]
    data = commands["command"] == "DATA"
    assert data.any()
    assert (commands["mail_size"].is_not_null() == data).all()
    assert (commands["mail_size"].drop_nulls() > 0).all()


SOMETIMES = {"secret_hash", "mail_size", "server_names"}
"""Columns that depend on how the logs were written."""


@pytest.mark.parametrize("log", ["conn", "smtp", "smtp_cmd", "smtp_auth", "smtp_session", "ssl"])
def test_columns_are_set_where_zeek_sets_them(log: str) -> None:
    """What recorded traffic always has, simulated traffic has; what it never has, neither."""
    seen: dict[str, set[bool]] = {}
    for file in sorted(CAPTURES.glob(f"*/json/{log}.log")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if log not in {"conn", "ssl"} or row["id.resp_p"] in {25, 465, 587}:
                for column in LOGS[log].columns:
                    seen.setdefault(column.name, set()).add(column.name in row)
    rows = world().logs[log]
    always = [name for name, kinds in seen.items() if kinds == {True}]
    never = [name for name, kinds in seen.items() if kinds == {False} and name not in SOMETIMES]
    assert len(always) > 5
    assert [name for name in always if rows[name].null_count()] == []
    assert [name for name in never if rows[name].null_count() < len(rows)] == []


@pytest.mark.parametrize("name", sorted(attacks.ALL))
def test_an_attack_leaves_lines_and_truth(name: str) -> None:
    """Some need a site that lets them: one of these does."""
    made = Made()
    for seed in range(2, 12, 2):
        attacks.inject(name, 1, Site(seed, hosts=40, days=5), made)
    assert made.talks
    assert made.events
    for event in made.events:
        assert event.must
        assert event.start <= event.end
        assert event.may >= event.must.keys()
