"""One host sends under ever new identities, as a spam bot does.

What it sees: mails of one client (table `message`), to mail exchangers or through a submission server, unless it comes
from outside to a server of the site or has the role of a mail server. A trial is an envelope sender and a From header
in a session, bad if the client never used one of them before and a second part of its identity is new, too: its HELO
name, or the domain of that sender or header where the HELO is no full host name (mail servers have one) and the client
writes to several domains (who moves mailboxes writes to one). Its first mail is no trial. The sequential
test S = max(0, S + ln of the likelihood ratio) alarms at S >= ln(1/alpha): with the defaults after six such identities
in a row. High where the HELO changes, medium where it does not. One finding per client; `count` is the number of its
mails.

Why it matters: a spam bot works through a list of stolen or invented senders, and takes a HELO that goes with each. It
needs no port 25 for that: with stolen passwords it submits to providers.

Benign causes: a relay, a gateway or a mailing list has many senders, but one HELO; a multifunction printer sends as its
users, of one domain; a person has a few addresses. Many users behind one address (NAT, VPN) look alike on their first
day: set the role of that address to `gateway`.

What to do: isolate the host and find the program that sends; block its way out on 25, 465 and 587.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import BLOCK_OUTBOUND_MAIL
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

_MAIL_SERVER_ROLES = ("relay", "submission-server", "gateway", "bulk-sender")
_MIN_HELO_NAMES = 3  # a rename has two
_MIN_RECIPIENT_DOMAINS = 3
_FULL_NAME = r"^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]+\.?$"  # not a bare word, not an address


class IdentityChurnParams(Params):
    """When new identities are too many."""

    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of new identities among the mails of the innocent; Source: our choice, one mail in twenty",
    )
    theta1: float = Field(
        0.5, gt=0, lt=1, description="share of new identities among those of a bot; Source: our choice, every second"
    )
    memory_days: float = Field(
        1, gt=0, le=365, description="days without a mail after which the score starts anew; Source: our choice"
    )

    def test(self, context: Context) -> SequentialTest:
        """Return the test with the operator's `alpha`."""
        return SequentialTest(self.theta0, self.theta1, context.alpha, self.memory_days)


def _mails(tables: Tables, test: SequentialTest) -> pl.LazyFrame:
    """Return the mails of clients that have enough senders to alarm at all."""
    servers = tables["role"].filter(pl.col("role").is_in(_MAIL_SERVER_ROLES)).select(client="host")
    # A bad trial brings a new name or a new domain: of clients with too few of both no mail is read.
    names = pl.col("helo", "sender_domain", "author_domain").drop_nulls().n_unique()
    parts = tables["client_identity"].join(servers, on="client", how="anti").group_by("client").agg(names)
    able = parts.filter(pl.sum_horizontal("helo", "sender_domain", "author_domain") >= test.least_bad)
    sent = (
        tables["message"]
        .filter(pl.col("direction") != "inbound", pl.col("sender").fill_null("") != "")
        .join(able, on="client", how="semi")
        .cache()
    )
    to_domains = pl.col("recipient_domains").explode().drop_nulls().n_unique()
    clients = sent.group_by("client").agg(
        _identities().alias("senders"), (to_domains >= _MIN_RECIPIENT_DOMAINS).alias("writes_abroad")
    )
    many = clients.filter(pl.col("senders") >= test.least_bad)
    return sent.join(many.select("client", "writes_abroad"), on="client")


def _identities() -> pl.Expr:
    return pl.max_horizontal(pl.col("sender", "author").drop_nulls().n_unique())


def _trials(mails: pl.LazyFrame) -> pl.LazyFrame:
    """Return one trial per client, session, sender and From header, but for the client's first."""

    def is_new(column: str) -> pl.Expr:
        return pl.struct("client", column).is_first_distinct() & pl.col(column).is_not_null()

    may_be_bot = ~pl.col("helo").str.contains(_FULL_NAME).fill_null(value=True) & pl.col("writes_abroad")
    new_sender = is_new("sender") & (is_new("helo") | (is_new("sender_domain") & may_be_bot))
    new_author = is_new("author") & (is_new("helo") | (is_new("author_domain") & may_be_bot))
    return (
        mails.group_by("client", "uid", "sender", "author")
        .agg(pl.col("ts", "helo", "sender_domain", "author_domain").min(), pl.col("writes_abroad").first())
        .sort("client", "ts", "uid", "sender", "author")
        .with_columns((new_sender | new_author).alias("bad"), pl.lit(1, pl.Int64).alias("trials"))
        .filter(~pl.col("client").is_first_distinct())
        .select("client", "ts", "bad", "trials")
    )


def plan(tables: Tables, params: IdentityChurnParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    test = params.test(context)
    mails = _mails(tables, test).cache()
    alarmed = alarms(_trials(mails).filter(context.window.covers()), ("client",), test)
    found = (
        mails.filter(context.window.covers())
        .group_by("client")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().sort().head(100).alias("servers"),
            pl.col("sender").n_unique().alias("envelope_senders"),
            pl.col("sender_domain").n_unique().alias("sender_domains"),
            pl.col("author").drop_nulls().n_unique().alias("from_headers"),
            pl.col("helo").drop_nulls().n_unique().alias("helo_names"),
            pl.col("recipients").sum(),
            pl.col("sender").unique().sort().head(20).alias("senders_seen"),
            first_uids().alias("uids"),
        )
    )
    helo_changes = pl.col("helo_names") >= _MIN_HELO_NAMES
    return to_findings(
        found.join(alarmed, on="client").with_columns(
            entity("client"),
            severity({"high": helo_changes}, otherwise="medium"),
            pl.when(helo_changes).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            terms(
                evidence("envelope_senders", pl.col("envelope_senders")),
                evidence("helo_names", pl.col("helo_names"), helo_changes.cast(pl.Float64)),
                evidence("sender_domains", pl.col("sender_domains"), 0.0),
                evidence("from_headers", pl.col("from_headers"), 0.0),
                evidence("recipients", pl.col("recipients"), 0.0),
            ),
            details(senders_seen=pl.col("senders_seen")),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="identity-churn",
    title="Identity churn: {clients}",
    summary="{count:mail} from {envelope_senders:envelope sender} of {sender_domains:domain} under "
    "{helo_names:HELO name} to {recipients:recipient}, through {servers}.",
    actions=(
        Advice("Isolate {clients} and investigate it.", when=("client-local",)),
        Advice(BLOCK_OUTBOUND_MAIL, when=("client-local",)),
        Advice(
            "If {clients} is a host of the site, isolate it, and add its network to `local_nets` in the configuration.",
            when=("client-outside",),
        ),
        Advice("If many users share {clients}, set its role to gateway in the configuration."),
    ),
    attack=("T1071.003",),
    needs=("client_identity", "message", "role"),
    required_logs=("smtp",),
    params=IdentityChurnParams,
    plan=plan,
    stage="abuse",
    technique="Outbound spam",
    convicts=True,
)
