"""A host of the site hands mail to Exchange Online or Google in a way that the provider ends.

What it sees: sessions of the site's hosts with a mail provider's servers (table `legacy_auth`): on a port for
submission, unless only OAuth mechanisms were visible (SMTP AUTH), or on port 25 to `*.mail.protection.outlook.com`, by
a host that is no mail server or with mail to the sender's own domain (direct send). The provider is known by the name
that the host requested (SNI) or looked up (dns.log), by its greeting, or by its published address ranges. One finding
per client and provider; `count` is the number of sessions. Severity: medium once replies refuse the method (5.7.30,
5.7.68, 5.7.139); low where SMTP AUTH goes to Exchange Online and no more than `warn_days` are left until
`legacy_auth_end`; else info. Inside TLS nobody sees whether a password or OAuth is used: that it is a password is
inferred.

Why it matters: printers, scanners and programs that log in with a password stop to send on that day, and often nobody
notices for weeks.

Benign causes: mail programs that use OAuth inside TLS: the provider's own report of SMTP AUTH clients tells them apart.
Google goes on to accept app passwords.

What to do: set each host to OAuth, or send through a relay of the site that does; the table of legacy authentication
lists them all.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.expressions.lists import values_of_lists
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_KEY = ("client", "provider")
_LISTS = ("first_servers", "names", "versions", "senders", "accounts", "mechanisms", "replies")


class LegacyAuthParams(Params):
    """When the end of passwords is near."""

    legacy_auth_end: date = Field(
        date(2026, 12, 31),
        description="day on which Exchange Online disables basic authentication for SMTP AUTH by default; Source: "
        "Microsoft, Exchange Team Blog 4114750, as updated on 27 January 2026 (end of December 2026 for existing "
        "tenants; the day of its final removal will be published in the second half of 2027)",
    )
    warn_days: int = Field(
        180, ge=0, le=3650, description="days before that from which it is low; Source: our choice, to replace devices"
    )


def plan(tables: Tables, params: LegacyAuthParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per client and provider."""
    end = datetime.combine(params.legacy_auth_end, datetime.min.time(), UTC)
    found = (
        tables["legacy_auth"]
        .group_by(_KEY)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("sessions").sum().alias("count"),
            pl.col("tls_sessions").sum(),
            pl.col("by_name").any(),
            pl.col("method").unique().sort().alias("methods"),
            pl.col("port").cast(pl.String).unique().sort().alias("ports"),
            *(values_of_lists(name) for name in _LISTS),
            seen_first("shown"),
        )
        .with_columns(
            (pl.col("replies").list.len() > 0).alias("refused"),
            pl.all_horizontal(
                pl.col("provider") == "Exchange Online",
                pl.col("methods").list.contains("SMTP AUTH"),
                pl.col("last") >= end - timedelta(days=params.warn_days),
            ).alias("ends"),
            (pl.col("mechanisms").list.len() > 0).alias("login_seen"),
        )
    )
    observed = pl.col("refused") | pl.col("login_seen")
    return to_findings(
        found.with_columns(
            entity(*_KEY),
            pl.concat_list("client").alias("clients"),
            pl.col("first_servers").alias("servers"),
            uids_seen("shown"),
            severity({"medium": pl.col("refused"), "low": pl.col("ends")}, otherwise="info"),
            pl.when(observed & pl.col("by_name")).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            pl.when(observed).then(pl.lit("observed")).otherwise(pl.lit("inferred")).alias("visibility"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("tls_sessions", pl.col("tls_sessions")),
                evidence("refused", pl.col("refused")),
                evidence("near_the_end", pl.col("ends")),
            ),
            details(
                provider=pl.concat_list("provider"),
                methods=pl.col("methods"),
                ports=pl.col("ports"),
                tls_versions=pl.col("versions"),
                server_names=pl.col("names"),
                senders=pl.col("senders"),
                replies=pl.col("replies"),
                end=pl.concat_list(pl.lit(params.legacy_auth_end.isoformat())),
            ),
        )
    )


DETECTOR = Detector(
    id="legacy-auth",
    title="Legacy authentication: {clients} → {provider}",
    summary="{methods} on port {ports} in {sessions:session}, {tls_sessions} with TLS{tls_versions: (%)}"
    "{accounts:; accounts: %}{senders:; senders: %}{replies:; refused with %}.",
    actions=(
        Advice(
            "Set {clients} to a method that {provider} accepts: the replies {replies} refuse this one.",
            when=("refused",),
        ),
        Advice(
            "Set {clients} to OAuth or to a relay of the site before {end}, unless it uses OAuth already.",
            when=("near_the_end",),
        ),
    ),
    attack=(),
    needs=("legacy_auth",),
    required_logs=("smtp",),
    inferred_from=("conn",),
    params=LegacyAuthParams,
    plan=plan,
    symptom=True,
)
