"""Hosts speak SMTP in the dialect of a known attacker, or in another one each time.

What it sees: how clients from outside speak (table `session`, column `dialect`: verbs in the order of first use, the
form of their arguments, pipelining). Attackers are clients whose failed logins alarm in the test of
`password-guessing`. Of sessions with AUTH, RCPT, VRFY or EXPN, a dialect is theirs if no client that ever logged in or
brought a mail there speaks it. Other clients that speak it are found, one finding per dialect with at least `min_hosts`
of them. And, one finding per client, who changed it from session to session: `min_sessions` sessions or more, of which
`min_changed` had a dialect of their own. `count` is the number of sessions. Severity: low: a lone weak sign.

Why it matters: one tool runs from many addresses; who is blocked at one comes back from the next. A client that speaks
otherwise each time hides what it is.

Benign causes: many hosts behind one address speak in many ways; a library that attackers and others use.

What to do: block the hosts together with those that are known, and look for the dialect in earlier logs
(smtp_session.log, column dialect).
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, terms, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import refused_guessers
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_TELLING = r"(?:^|,)(?:AUTH|RCPT|VRFY|EXPN)"
"""Of what only greets and leaves, all dialects are alike."""


class BotDialectParams(Params):
    """When a dialect is a sign."""

    min_hosts: int = Field(
        2,
        ge=1,
        description="other hosts that share an attacker's dialect; Source: our choice, one may be a coincidence",
    )
    min_sessions: int = Field(
        8, ge=4, description="sessions of a client that changes its dialect; Source: our choice, a relay has four forms"
    )
    min_changed: float = Field(
        0.75, gt=0, le=1, description="share of its sessions with a dialect of their own; Source: our choice, as above"
    )


def _outsiders(tables: Tables) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return the telling sessions of outside clients that never got in, and the dialects of those that did."""
    sessions = tables["session"].filter(pl.col("dialect").is_not_null(), pl.col("direction") == "inbound")
    mailed = tables["message"].filter("accepted").select("client")
    logged_in = tables["auth"].filter(pl.col("outcome") == "success").select("client")
    trusted = pl.concat([mailed, logged_in]).unique()
    theirs = tables["session"].join(trusted, on="client", how="semi").select("dialect").drop_nulls().unique()
    return sessions.filter(pl.col("dialect_raw").str.contains(_TELLING)).join(trusted, on="client", how="anti"), theirs


def _sums(rows: pl.LazyFrame, key: str) -> pl.LazyFrame:
    return rows.group_by(key).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().sort().head(100).alias("clients"),
        pl.col("client").n_unique().alias("hosts"),
        pl.col("dialect").n_unique().alias("dialects"),
        pl.col("server").unique().sort().alias("servers"),
        pl.col("dialect_raw").unique().sort().head(3).alias("forms"),
        first_uids().alias("uids"),
    )


def _shared(sessions: pl.LazyFrame, theirs: pl.LazyFrame, bots: pl.LazyFrame, context: Context) -> pl.LazyFrame:
    """Return the dialects of `bots` and of no trusted client, with the other hosts that speak them in the window."""
    spoken = sessions.join(bots, on="client", how="semi").join(theirs, on="dialect", how="anti")
    known = spoken.group_by("dialect").agg(pl.col("client").unique().sort().head(10).alias("known"))
    others = sessions.join(bots, on="client", how="anti").filter(context.window.covers())
    found = _sums(
        others.join(known, on="dialect", how="semi").with_columns(pl.col("dialect").alias("entity")), "entity"
    )
    return found.join(known.rename({"dialect": "entity"}), on="entity")


def _changing(sessions: pl.LazyFrame, params: BotDialectParams) -> pl.LazyFrame:
    """Return the clients that had changed their dialect often enough at one of their sessions; it stays true later."""
    number = pl.int_range(1, pl.len() + 1).over("client")
    dialects = pl.struct("client", "dialect").is_first_distinct().cast(pl.Int64).cum_sum().over("client")
    ordered = sessions.sort("ts", "uid").with_columns(number.alias("number"), dialects.alias("so_far"))
    often = pl.col("so_far") >= params.min_changed * pl.col("number")
    return ordered.filter(pl.col("number") >= params.min_sessions, often).select("client").unique()


def plan(tables: Tables, params: BotDialectParams, context: Context) -> pl.LazyFrame:
    """Return one finding per dialect that hosts share with attackers, and one per client that changes its own."""
    sessions, theirs = _outsiders(tables)
    sessions = sessions.cache()
    bots = refused_guessers(tables, context).select("client").unique().cache()
    shared = _shared(sessions, theirs, bots, context).filter(pl.col("hosts") >= params.min_hosts)
    changers = sessions.join(_changing(sessions, params), on="client", how="semi").filter(context.window.covers())
    nobody = pl.lit([], dtype=pl.List(pl.String)).alias("known")
    changing = _sums(changers.with_columns(pl.col("client").alias("entity")), "entity").with_columns(nobody)
    changes = pl.col("known").list.len() == 0
    return to_findings(
        pl.concat([shared, changing], how="diagonal").with_columns(
            entity("entity"),
            pl.lit("low").alias("severity"),
            pl.lit("low").alias("confidence"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("hosts", pl.col("hosts")),
                evidence("dialects", pl.col("dialects")),
                evidence("shared", ~changes, 0.0),
            ),
            details(
                who=who(pl.col("hosts")),
                forms=pl.col("forms"),
                known_hosts=pl.col("known"),
                changing=text_if(changes, pl.format("in {} dialects", "dialects")),
            ),
        )
    )


DETECTOR = Detector(
    id="bot-dialect",
    title="Bot dialect: {who}",
    summary="{sessions:session} of {hosts:host} from outside{changing: %}"
    "{known_hosts:, in the dialect of the attackers %}.",
    actions=(
        Advice("Block {clients} as you block {known_hosts}.", when=("client-outside", "shared")),
        Advice("Watch {clients}.", when=("client-outside",)),
    ),
    attack=("T1583.005",),
    needs=("session", "message", "auth", "login"),
    required_logs=("smtp_session", "smtp_auth"),
    params=BotDialectParams,
    plan=plan,
    stage="recon",
    technique="Bot dialect",
)
