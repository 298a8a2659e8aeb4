"""A client keeps talking SMTP to a server without ever sending mail.

What it sees: sessions in clear with commands and no line in smtp.log (table `attempt`): a failed login, VRFY or EXPN,
or a probe, which stock Zeek logs do not tell apart on port 25. Such sessions are bad trials, each as many as its size
suggests, mails are good ones. The sequential test (S = max(0, S + ln of the likelihood ratio), alarm at S >=
ln(1/alpha)) runs per client and server. What has the shape of a login on a submission port or of a long dialogue is
`password-guessing` or `user-enumeration` instead. `count` is the number of tries. Severity: low, one step more each for
twice the score that alarms (not of a client of the site that takes its time), and for mail that the same source sends
after the alarm. Clients that come by the clock: low from outside, nothing from inside.

Why it matters: guessing, harvesting and reconnaissance look like this before they succeed.

Benign causes: a monitoring probe that goes beyond EHLO; a device with an outdated password; a mail server that gives up
because it finds no TLS.

What to do: load the Zeek package, which logs the commands; look for the source in the mail server's own log; block it
if it is unknown.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._attempts import (
    PAIR,
    guessing_suspects,
    inferred_confidence,
    inferred_severity,
    suspects,
    trials_of,
)
from zeeksmtp.detectors._enumerators import EnumerationParams
from zeeksmtp.detectors._finding import details, entity, terms, test_column, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._guessing import GuessingTest
from zeeksmtp.detectors._harvest import harvests
from zeeksmtp.model import Advice, Context, Detector, Tables


class ProbingParams(GuessingTest):
    """The sequential test on sessions without mail."""


def _named(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the pairs that `password-guessing` and `user-enumeration` infer, as they are configured."""
    guessing, enumeration = context.params.get("password-guessing"), context.params.get("user-enumeration")
    guess = guessing if isinstance(guessing, GuessingTest) else GuessingTest()
    ask = enumeration if isinstance(enumeration, EnumerationParams) else EnumerationParams()
    guessers = guessing_suspects(tables, guess.test(context), context)
    harvesters = harvests(tables, ask.test(context), ask.min_recipients, context)
    return pl.concat([guessers.select(PAIR), harvesters.select(PAIR)]).unique()


def plan(tables: Tables, params: ProbingParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client and server."""
    found = suspects(trials_of(tables, "login", "queries", "probe"), params.test(context), context)
    found = found.join(_named(tables, context), on=list(PAIR), how="anti")
    from_outside = pl.col("from_outside") | ~pl.col("regular")
    level = pl.when("regular").then(pl.lit("low")).otherwise(inferred_severity()).alias("severity")
    return to_findings(
        found.filter(from_outside).with_columns(
            entity(*PAIR),
            level,
            inferred_confidence(),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("tries", pl.col("count")),
                evidence("sessions", pl.col("sessions")),
                evidence("mails_after", pl.col("mails_after")),
                evidence("regular", pl.col("regular"), 0.0),
            ),
            details(ports=pl.col("ports"), note=text_if(pl.col("regular"), "The client comes at regular intervals.")),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="smtp-probing",
    title="SMTP probing: {clients} → {servers}",
    summary="{sessions:session} on port {ports} with commands but without mail, about {tries:try|tries}: failed "
    "logins, queries for addresses, or probes.{note: %}",
    actions=(
        Advice("Block {clients} if it is unknown.", when=("client-outside",)),
        Advice("Find the program on {clients} that connects to {servers}.", when=("client-local",)),
        Advice("Look for {clients} in the log of {servers}.", when=("server-local",)),
    ),
    attack=("T1595", "T1110"),
    needs=("attempt", "message", "command", "role"),
    required_logs=(),
    inferred_from=("conn",),
    params=ProbingParams,
    plan=plan,
    stage="recon",
    technique="SMTP probing",
    convicts=True,
)
