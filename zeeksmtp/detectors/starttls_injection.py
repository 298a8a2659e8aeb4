"""Commands are injected before a TLS handshake, to be executed inside it.

What it sees: commands in clear behind a STARTTLS that the server answered with 220 (table `command`): a client has
nothing to say between STARTTLS and the handshake, and Zeek reads none of what follows the 220, so they were sent
together with STARTTLS. A server that does not empty its buffer takes them for commands of the protected session. QUIT
alone is no injection: scripts that only look at STARTTLS end so. One finding per client and server; `count` is the
number of injected commands. Severity: medium; high if the client is one of the site's: then somebody between the two
adds to what it says; low for known scanners of the site. Replies that a server, or somebody in its place, sends ahead
of the handshake are not visible in Zeek's logs.

Why it matters: what is injected runs as if the TLS client had sent it; the attacker reads the mail or the password that
the client submits next into an envelope of the attacker's (CVE-2011-0411; "Why TLS Is Better Without STARTTLS", USENIX
Security 2021).

Benign causes: a security scanner that tests for this flaw (testssl.sh, nmap scripts); a client that pipelines without
regard to RFC 3207.

What to do: update the server, which must discard what it has read before the handshake; offer submission with TLS from
the first byte (port 465). A client of the site: find out who sits between it and the server.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._enumerators import known_scanners
from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import BLOCK
from zeeksmtp.expressions.connections import ENDS, first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_SESSION = ("uid", *ENDS)
_PAIR = ("client", "server")
_READY = 220


class StarttlsInjectionParams(Params):
    """No parameters: one injected command is enough."""


def _injected(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the commands in the window that stand behind an accepted STARTTLS."""
    started = (
        tables["command"]
        .filter(pl.col("command") == "STARTTLS", pl.col("reply_code") == _READY)
        .group_by(_SESSION)
        .agg(pl.col("seq").min().alias("starttls"))
    )
    behind = tables["command"].join(started, on=list(_SESSION), nulls_equal=True)
    return behind.filter(pl.col("seq") > pl.col("starttls"), pl.col("command") != "QUIT", context.window.covers())


def plan(tables: Tables, _params: StarttlsInjectionParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client and server."""
    ours = pl.col("direction").is_in(["outbound", "internal"])
    found = (
        _injected(tables, context)
        .group_by(_PAIR)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("uid").n_unique().alias("sessions"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().alias("servers"),
            pl.col("command").filter(pl.col("known")).unique().sort().alias("verbs"),
            ours.any().alias("of_site"),
            first_uids().alias("uids"),
        )
        .join(known_scanners(tables), on="client", how="left")
        .with_columns(pl.col("scanner").fill_null(value=False))
    )
    return to_findings(
        found.with_columns(
            entity(*_PAIR),
            severity({"low": pl.col("scanner"), "high": pl.col("of_site")}, otherwise="medium"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("commands", pl.col("count")),
                evidence("sessions", pl.col("sessions")),
                evidence("between", pl.col("of_site"), 0.0),
            ),
            details(
                verbs=pl.col("verbs"),
                note=text_if(pl.col("scanner"), "The client is a known scanner of the site."),
            ),
        )
    )


DETECTOR = Detector(
    id="starttls-injection",
    title="STARTTLS command injection: {clients} → {servers}",
    summary="{commands:command} sent behind STARTTLS, before the handshake, in {sessions:session}{verbs:: %}.{note: %}",
    actions=(
        Advice("Update {servers} so that it discards what it read before the handshake.", when=("server-local",)),
        Advice("Offer submission on port 465 of {servers}, and let clients use it.", when=("server-local",)),
        Advice("Find out who sits between {clients} and {servers}.", when=("between",)),
        Advice(BLOCK, when=("client-outside",)),
    ),
    attack=("T1557",),
    needs=("command", "role"),
    required_logs=("smtp_cmd",),
    params=StarttlsInjectionParams,
    plan=plan,
    stage="exposure",
    technique="STARTTLS injection",
)
