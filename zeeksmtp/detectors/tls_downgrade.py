"""A client and a server that used TLS with each other no longer do.

What it sees: pairs of client and server (table `pair_day`; smtp.log alone shows STARTTLS and mails in clear) with at
least `min_tls_sessions` sessions in TLS, none of their sessions with mail or a login in clear before the last of these,
and at least `min_clear_sessions` after it. One finding per client and server; `count` is the number of sessions in
clear. Severity: medium where mail or credentials crossed the boundary of the site in clear and the change is no chance:
of t sessions in TLS and n in clear, the chance that all n come last is t! n! / (t + n)!, and this is at most `chance`;
else low.

Why it matters: a certificate or a setting broke unnoticed, or somebody on the path strips STARTTLS (T1557). Clients
that use TLS "if available" do not complain.

Benign causes: the partner moved to another server, or its certificate expired; a handful of sessions that fell back to
clear by chance (low).

What to do: connect to the server from the client's network (openssl s_client -starttls smtp) and from elsewhere, and
compare; ask the partner what changed; require TLS for it (MTA-STS, DANE, a transport map).
"""

from __future__ import annotations

from math import log, pi

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.facts.pair_day import CROSSING
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PAIR = ("client", "server")


class DowngradeParams(Params):
    """When the end of TLS between a pair is a downgrade."""

    min_tls_sessions: int = Field(2, ge=1, description="sessions in TLS before; Source: our choice, one may be a test")
    min_clear_sessions: int = Field(
        2, ge=1, description="sessions in clear after; Source: our choice, one may be a fall-back"
    )
    chance: float = Field(
        1e-4,
        gt=0,
        lt=1,
        description="chance of that order of sessions up to which it is medium; Source: our choice, one pair in 10,000",
    )


def _log_chance(tls: pl.Expr, clear: pl.Expr) -> pl.Expr:
    """ln(t! n! / (t + n)!) by Stirling's series (Abramowitz and Stegun 6.1.41); its error is below 1e-3 for t >= 1."""

    def log_factorial(n: pl.Expr) -> pl.Expr:
        return n * n.log() - n + 0.5 * (2 * pi * n).log() + 1 / (12 * n)

    t, n = tls.cast(pl.Float64), clear.cast(pl.Float64)
    return log_factorial(t) + log_factorial(n) - log_factorial(t + n)


def plan(tables: Tables, params: DowngradeParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per client and server."""
    in_window, crossed = pl.col("judged"), pl.col("direction").is_in(CROSSING)
    pair_days = tables["pair_day"]
    pairs = (
        pair_days.group_by(_PAIR)
        .agg(
            pl.col("last_tls").max(),
            pl.col("first_clear").min().alias("first"),
            pl.col("last_clear").filter(in_window).max().alias("last"),
            pl.col("clear_sessions").sum().alias("count"),
            pl.col("clear_sessions").filter(in_window).sum().alias("judged_sessions"),
            pl.col("tls_sessions", "cleartext_mails").sum(),
            pl.col("cleartext_logins").sum(),
            (crossed & (pl.col("clear_sessions") > 0)).any().alias("crossed"),
        )
        .filter(
            pl.col("last_tls") < pl.col("first"),
            pl.col("judged_sessions") > 0,
            pl.col("tls_sessions") >= params.min_tls_sessions,
            pl.col("count") >= params.min_clear_sessions,
        )
    )
    # Of all pairs few remain: ports and sessions of the others need not be listed.
    shown = (
        pair_days.join(pairs.select(_PAIR), on=list(_PAIR), how="semi")
        .group_by(_PAIR)
        .agg(pl.col("port").cast(pl.String).unique().sort().alias("ports"), seen_first("in_clear"))
    )
    pairs = pairs.join(shown, on=list(_PAIR))
    no_chance = _log_chance(pl.col("tls_sessions"), pl.col("count")) <= log(params.chance)
    return to_findings(
        pairs.with_columns(
            entity(*_PAIR),
            pl.concat_list("client").alias("clients"),
            pl.concat_list("server").alias("servers"),
            uids_seen("in_clear"),
            severity({"medium": pl.col("crossed") & no_chance}, otherwise="low"),
            pl.when(no_chance).then(pl.lit("high")).otherwise(pl.lit("low")).alias("confidence"),
            terms(
                evidence("tls_sessions", pl.col("tls_sessions")),
                evidence("clear_sessions", pl.col("count")),
                evidence("mails_in_clear", pl.col("cleartext_mails")),
                evidence("logins_in_clear", pl.col("cleartext_logins")),
            ),
            details(ports=pl.col("ports")),
        )
    )


DETECTOR = Detector(
    id="tls-downgrade",
    title="TLS downgrade: {clients} → {servers}",
    summary="{tls_sessions:session} with TLS, then {clear_sessions:session} without (port {ports}): "
    "{mails_in_clear:mail} and {logins_in_clear:login} in clear.",
    actions=(
        Advice(
            "Compare the TLS offer of {servers} from the network of {clients} and from elsewhere.",
            when=("client-local",),
        ),
        Advice("Check the TLS settings and the certificate of {servers}.", when=("server-local",)),
        Advice(
            "Tell the administrator of {servers} that STARTTLS no longer works.",
            owner="outside",
            when=("server-outside",),
        ),
        Advice(
            "Tell the administrator of {clients} that it no longer uses TLS.", owner="outside", when=("client-outside",)
        ),
    ),
    attack=("T1557",),
    needs=("pair_day",),
    required_logs=("smtp|smtp_session",),
    params=DowngradeParams,
    plan=plan,
    stage="exposure",
    technique="TLS downgrade",
    symptom=True,
)
