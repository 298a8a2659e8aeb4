"""Mail was submitted without TLS where a login is required: the password very likely went by in clear.

What it sees: mails without TLS (table `clear_submission`) on port 587, which demands AUTH (RFC 6409, section 4.3), or
on another port of a server whose role is `submission-server`. Stock Zeek logs no login, so this is inferred: sessions
whose AUTH is logged (smtp_auth.log) count only if it carried a secret, others not at all where smtp_session.log or
smtp_auth.log shows that there was none. One finding per client and server; `count` is the number of sessions. The
accounts are the envelope senders, of clients outside those in a domain of the site, unless there are more than
`max_accounts`: who sends under so many names sends for others. Severity, one step below that of
`cleartext-credentials`: high if mail was accepted on a path that leaves the site's own networks; medium if it was
accepted inside, or sent across; else low.

Why it matters: base64 is no protection. Everyone on the path reads account and password, and can send mail, or read it,
under that name; people use passwords again elsewhere.

Benign causes: a server that accepts mail on port 587 from trusted networks without a login; CRAM-MD5, SCRAM or
Kerberos, which do not send the password itself.

What to do: load the Zeek package, which logs the account and the mechanism; make the client use TLS (port 465, or 587
with STARTTLS required); change the password, then forbid AUTH before TLS on the server.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._exposure import REQUIRE_TLS
from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import first_uids_seen
from zeeksmtp.facts.pair_day import CROSSING
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PAIR = ("client", "server")
_SUBMISSION_PORT = 587
_MAX_LISTED_SENDERS = 100


class SubmissionParams(Params):
    """Whose names the senders are."""

    max_accounts: int = Field(
        10,
        ge=1,
        description="envelope senders of a client that are taken for its accounts, at most; Source: our choice, the "
        "people who share a device",
    )


def _submitted(tables: Tables) -> pl.LazyFrame:
    """Return the rows of `clear_submission` whose server takes mail after a login only."""
    servers = tables["role"].filter(pl.col("role") == "submission-server")
    submission = servers.select(server="host", submission=pl.lit(value=True))
    demands = (pl.col("port") == _SUBMISSION_PORT) | pl.col("submission").fill_null(value=False)
    return tables["clear_submission"].join(submission, on="server", how="left").filter(demands)


def plan(tables: Tables, params: SubmissionParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per client and server."""
    own = tables["own_domain"].with_columns(own=pl.lit(value=True))
    mails = _submitted(tables).join(own, left_on="sender_domain", right_on="domain", how="left")
    # Who submits from outside under a foreign name uses the account of somebody else.
    is_account = (pl.col("direction") != "inbound") | pl.col("own").fill_null(value=False)
    named = pl.col("sender").filter((pl.col("sender") != "") & is_account)
    found = mails.group_by(_PAIR).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions").sum().alias("count"),
        pl.col("mails").sum(),
        pl.col("accepted_mails").sum().alias("accepted"),
        pl.col("direction").is_in(CROSSING).any().alias("crosses"),
        pl.col("port").cast(pl.String).unique().sort().alias("ports"),
        named.unique().sort().head(_MAX_LISTED_SENDERS).alias("senders"),
        named.n_unique().alias("sender_count"),
        first_uids_seen("first_sessions").alias("uids"),
    )
    is_owner = pl.col("sender_count") <= params.max_accounts
    accepted, crosses = pl.col("accepted") > 0, pl.col("crosses")
    return to_findings(
        found.with_columns(
            entity(*_PAIR),
            pl.concat_list("client").alias("clients"),
            pl.concat_list("server").alias("servers"),
            pl.when(is_owner).then("senders").otherwise(pl.lit([], pl.List(pl.String))).alias("accounts"),
            severity({"high": accepted & crosses, "medium": accepted | crosses}, otherwise="low"),
            pl.when(accepted).then(pl.lit("medium")).otherwise(pl.lit("low")).alias("confidence"),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("mails", pl.col("mails")),
                evidence("accepted", pl.col("accepted")),
                evidence("left_the_site", crosses),
                evidence("senders_seen", pl.col("sender_count"), 0.0),
                evidence("account_unknown", ~is_owner | (pl.col("sender_count") == 0), 0.0),
            ),
            details(
                ports=pl.col("ports"),
                senders=pl.col("senders"),
                note=text_if(~is_owner, "Too many senders to be the accounts of one device."),
            ),
        )
    )


DETECTOR = Detector(
    id="cleartext-submission",
    title="Mail submission without TLS: {clients} → {servers}",
    summary="{mails:mail} submitted without TLS in {sessions:session} on port {ports}, {accepted} accepted. The "
    "password very likely crossed the network in clear.{note: %}",
    actions=(
        Advice("Change the password of {accounts}, if the client logs in with one.", when=("accounts",)),
        Advice(
            "Find the login of {clients} in the log of {servers}, and change that password.", when=("account_unknown",)
        ),
        *REQUIRE_TLS,
    ),
    attack=("T1040", "T1078"),
    needs=("clear_submission", "role", "own_domain"),
    required_logs=(),
    inferred_from=("smtp",),
    params=SubmissionParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
    weaknesses=("auth-before-tls",),
)
