"""A host that is no mail server delivers mail directly to mail exchangers.

What it sees: sessions (table `session`) of one of the site's hosts, whose role (table `role`) is not that of a mail
server, with at least `min_servers` distinct outside servers on port 25, in which it spoke or was turned away. By itself
low; medium with one more kind of evidence, high with two: at least `min_refused_share` of the sessions met a permanent
refusal (5xx; greylisting is none), several sender domains, a HELO name that changes, or `history_days` of logs in which
the host did not send. MX look-ups of its own (dns.log) are shown, but not needed: bots carry their own resolvers.
`count` is the number of such sessions. Where neither HELO nor mail is visible (conn.log alone), delivery is inferred
from sessions with payload, and one step lower.

Why it matters: workstations hand their mail to a relay. Delivery to mail exchangers by any other host is a sign
of a spam bot, a worm, or unapproved software.

Benign causes: a new mail server before it is known (set its role in the configuration); an application that delivers
its own mails; a mail client whose account sits at several providers (they answer on 587 and 465, rarely on 25).

What to do: isolate the host and investigate it; block outbound port 25 for all but the relays; if it is meant to
deliver mail, set its role in the configuration.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import BLOCK_OUTBOUND_MAIL
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_MAIL_SERVER_ROLES = ("relay", "submission-server", "bulk-sender", "scanner")


class DirectSenderParams(Params):
    """When direct delivery is reported, and which evidence weighs."""

    min_servers: int = Field(
        3,
        ge=2,
        description="distinct outside servers on port 25; Source: measured on the choosing half of the simulated "
        "sites (`make evaluate`)",
    )
    min_refused_share: float = Field(
        0.1,
        gt=0,
        le=1,
        description="share of sessions with a 5xx reply; Source: bounce rate that bulk mailers are held to",
    )
    min_sender_domains: int = Field(
        3,
        ge=2,
        description="distinct sender domains that are several; Source: one of one's own and one of a bounce are two",
    )
    min_helo_names: int = Field(3, ge=2, description="distinct HELO names that are a change; Source: a rename has two")
    history_days: int = Field(
        7, ge=1, description="days of logs without sending; Source: our choice, each weekday once"
    )


def _look_ups(tables: Tables) -> pl.LazyFrame:
    queries = tables["lookup"].filter(pl.col("kind") == "mx")
    return queries.group_by("client").agg(pl.len().alias("mx_look_ups"))


def _clients(tables: Tables, params: DirectSenderParams) -> pl.LazyFrame:
    """Return one row per host that delivers directly, with its evidence."""
    began = tables["pair"].select(pl.col("first").min().alias("logs_since"))
    servers = tables["role"].filter(pl.col("role").is_in(_MAIL_SERVER_ROLES)).select(client="host")
    found = (
        tables["direct_delivery"]
        .join(servers, on="client", how="anti")
        .group_by("client")
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("judged_sessions").sum().alias("count"),
            pl.col("since").min(),
            pl.col("server_hosts").explode().drop_nulls().unique().sort().alias("servers"),
            pl.col("names").explode().drop_nulls().n_unique().alias("helo_names"),
            pl.col("refused", "sessions").sum(),
            seen_first("sightings"),
            pl.col("sender_domains").explode().drop_nulls().n_unique(),
            pl.col("recipients", "mails", "refused_mails").sum(),
        )
        .filter(pl.col("count") > 0, pl.col("servers").list.len() >= params.min_servers)
        .with_columns(uids_seen("sightings"))
    )
    joined = found.join(_look_ups(tables), on="client", how="left")
    return joined.join(began, how="cross")


def plan(tables: Tables, params: DirectSenderParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per host."""
    refused = pl.max_horizontal(pl.col("refused"), pl.col("refused_mails").fill_null(0))
    weighs = {
        "refused_sessions": (refused, refused >= params.min_refused_share * pl.col("sessions")),
        "sender_domains": (
            pl.col("sender_domains").fill_null(0),
            pl.col("sender_domains").fill_null(0) >= params.min_sender_domains,
        ),
        "helo_names": (pl.col("helo_names"), pl.col("helo_names") >= params.min_helo_names),
        "days_of_silence_before": (
            (pl.col("since") - pl.col("logs_since")).dt.total_days(),
            pl.col("since") - pl.col("logs_since") >= timedelta(days=params.history_days),
        ),
    }
    kinds = pl.sum_horizontal(holds.cast(pl.Int64) for _, holds in weighs.values())
    seen = (pl.col("helo_names") > 0) | (pl.col("mails") > 0)
    shown = {
        "outside_servers": pl.col("servers").list.len(),
        "recipients": pl.col("recipients").fill_null(0),
        "mx_look_ups": pl.col("mx_look_ups").fill_null(0),
    }
    plural = pl.when(pl.col("mx_look_ups") == 1).then(pl.lit("")).otherwise(pl.lit("s"))
    return to_findings(
        _clients(tables, params).with_columns(
            entity("client"),
            severity({"high": kinds >= 2, "medium": (kinds == 1) & seen}, otherwise="low"),
            pl.when(seen).then(pl.lit("observed")).otherwise(pl.lit("inferred")).alias("visibility"),
            pl.when(kinds >= 2).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            pl.concat_list("client").alias("clients"),
            pl.col("servers").list.head(100),
            terms(
                *(evidence(name, value, 0.0) for name, value in shown.items()),
                *(evidence(name, value, holds.cast(pl.Float64)) for name, (value, holds) in weighs.items()),
                evidence("kinds_of_evidence", kinds, 0.0),
            ),
            # None without dns.log, and bots carry resolvers of their own: a zero would say nothing.
            details(look_ups=text_if(pl.col("mx_look_ups") > 0, pl.format("{} MX lookup{}", "mx_look_ups", plural))),
        )
    )


DETECTOR = Detector(
    id="new-direct-sender",
    title="Direct-to-MX sender: {clients}",
    summary="{count:session} with {outside_servers:external mail server} on port 25: {refused_sessions} rejected, "
    "{sender_domains:sender domain}, {helo_names:HELO name}{look_ups:, %}.",
    actions=(
        Advice("Isolate {clients} and investigate it.", when=("kinds_of_evidence",)),
        Advice("Block outbound port 25 for {clients}.", wider=BLOCK_OUTBOUND_MAIL),
        Advice("If {clients} is meant to deliver mail itself, set its role in the configuration."),
    ),
    attack=("T1071.003",),
    needs=("direct_delivery", "lookup", "pair", "role"),
    required_logs=("conn", "smtp"),
    inferred_from=("conn|smtp|smtp_session",),
    params=DirectSenderParams,
    plan=plan,
    stage="abuse",
    technique="Outbound spam",
    convicts=True,
)
