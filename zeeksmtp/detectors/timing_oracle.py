"""A server's delay distinguishes valid accounts from unknown ones.

What it sees: how long the site's servers take to reject a login, or to answer VRFY and RCPT where the answer itself
says nothing (tables `command`, `auth`, `query`: column `latency`). Compared are valid names (accounts that logged in,
names that a server confirmed) and others, within what one client sent to one port by one verb and mechanism, each name
once by its median. Mann and Whitney's rank test must reach `max_p`, over at least `min_names` names of each kind, and a
valid name must differ from another in `min_auc` of all pairs, either way. One finding per server and port; `count` is
the number of names. Severity: low; medium where a client from outside measured it.

Why it matters: who cannot read the answer reads the clock; passwords are then guessed for accounts that exist. A server
that hashes the password of valid accounts only takes longer for these.

Benign causes: a directory that caches names that it knows; limits that slow a client down while it goes through names
in order.

What to do: let the server check a password, of whatever account, in the same time (Dovecot: auth_failure_delay); limit
failed logins and queries per client.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import LIMIT_QUERIES
from zeeksmtp.expressions.connections import ENDS, first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.rank import rank_test, two_sided_z

_LINE = ("uid", *ENDS, "seq")
_PORT = ("server", "port")
_BLOCK = (*_PORT, "client", "verb", "mechanism")
_LOCAL_PART = r"^([^@]+)"


class TimingOracleParams(Params):
    """When delays distinguish names."""

    min_names: int = Field(
        12,
        ge=8,
        description="names of each kind; Source: as few as the normal approximation of the test needs at `max_p`",
    )
    max_p: float = Field(
        1e-4, gt=0, lt=1, description="chance of such ranks by chance; Source: our choice, one client in 10,000"
    )
    min_auc: float = Field(
        0.9, ge=0.5, le=1, description="share of pairs that differ one way; Source: our choice, one question tells"
    )


def _valid(tables: Tables) -> pl.LazyFrame:
    """Return the local parts of names that exist: accounts that logged in, and names that a server confirmed."""
    logged_in = tables["auth"].filter(pl.col("outcome") == "success").select(name="account")
    confirmed = tables["query"].filter(pl.col("verdict") == "confirmed").select("name")
    names = pl.concat([logged_in, confirmed]).select(pl.col("name").str.extract(_LOCAL_PART))
    return names.drop_nulls().unique().with_columns(pl.lit(value=True).alias("valid"))


def _answers(tables: Tables) -> pl.LazyFrame:
    """Return the answers that say nothing by themselves, with the name that each is about, and its latency."""
    latency = tables["command"].filter(pl.col("latency").is_not_null()).select(*_LINE, "latency")
    columns = (*_LINE, "ts", "direction", "name", "verb", "mechanism")
    refused = tables["auth"].filter(pl.col("outcome") == "failure").rename({"account": "name"})
    logins = refused.with_columns(pl.lit("AUTH").alias("verb")).select(columns)
    silent = tables["query"].join(tables["contrast"], on=["server", "verb"], how="anti")
    queried = (
        silent.filter(pl.col("verdict") == "ambiguous").with_columns(pl.lit("").alias("mechanism")).select(columns)
    )
    named = pl.concat([logins, queried]).with_columns(pl.col("name").str.extract(_LOCAL_PART))
    ours = pl.col("direction").is_in(["inbound", "internal"]) & pl.col("name").is_not_null()
    return named.filter(ours).join(latency, on=list(_LINE), nulls_equal=True)


def plan(tables: Tables, params: TimingOracleParams, context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site."""
    every = _answers(tables).filter(context.window.covers()).join(_valid(tables), on="name", how="left").cache()
    seconds = pl.col("latency").dt.total_microseconds() / 1e6
    names = every.group_by(*_BLOCK, "name").agg(
        seconds.median().alias("seconds"), pl.col("valid").first().fill_null(value=False)
    )
    enough = pl.min_horizontal("n1", "n0") >= params.min_names
    apart = (pl.max_horizontal(pl.col("auc"), 1 - pl.col("auc")) >= params.min_auc) & (
        pl.col("z").abs() >= two_sided_z(params.max_p)
    )
    tests = rank_test(names, _BLOCK, "seconds", "valid").filter(enough, apart)
    found = (
        every.join(tests, on=list(_BLOCK))
        .group_by(_PORT)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("name").n_unique().cast(pl.UInt64).alias("count"),
            pl.col("server").unique().alias("servers"),
            pl.col("verb").unique().sort().alias("verbs"),
            _median_of(pl.col("valid").fill_null(value=False)).alias("valid_ms"),
            _median_of(~pl.col("valid").fill_null(value=False)).alias("unknown_ms"),
            pl.max_horizontal(pl.col("auc").max(), 1 - pl.col("auc").min()).alias("auc"),
            (pl.col("direction") == "inbound").any().alias("from_outside"),
            first_uids().alias("uids"),
        )
    )
    return to_findings(
        found.with_columns(
            entity(*_PORT),
            severity({"medium": pl.col("from_outside")}, otherwise="low"),
            pl.lit("medium").alias("confidence"),
            terms(
                evidence("names", pl.col("count")),
                evidence("valid_ms", pl.col("valid_ms").round(1)),
                evidence("unknown_ms", pl.col("unknown_ms").round(1)),
                evidence("share_of_pairs", pl.col("auc").round(3)),
            ),
            details(verbs=pl.col("verbs"), port=pl.concat_list(pl.col("port").cast(pl.String))),
        )
    )


def _median_of(which: pl.Expr) -> pl.Expr:
    """Return the median latency, in ms, of the answers for which `which` holds."""
    return pl.col("latency").filter(which).dt.total_microseconds().median() / 1e3


DETECTOR = Detector(
    id="timing-oracle",
    title="User-enumeration by timing: {servers}:{port}",
    summary="Answers to {verbs} about {names:name} took {valid_ms} ms for valid accounts, "
    "{unknown_ms} ms for others (median).",
    actions=(
        Advice("Make {servers} answer valid and unknown accounts in the same time (a fixed delay on failure)."),
        Advice(LIMIT_QUERIES),
    ),
    attack=("T1589.002",),
    needs=("command", "auth", "query", "contrast"),
    required_logs=("smtp_cmd",),
    params=TimingOracleParams,
    plan=plan,
)
