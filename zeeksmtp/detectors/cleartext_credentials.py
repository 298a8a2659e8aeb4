"""A password went over the wire in clear.

What it sees: exchanges of smtp_auth.log (table `auth`) whose secret is the password itself (`secret_kind` = password:
PLAIN, LOGIN). Such a line exists only outside TLS. One is enough, whatever the server replied: with an initial response
the password has left the host before any reply. Not counted: an empty password; a refused try from outside, and
refused tries of a client that alarms in the test for guessing (a guess exposes nobody). One finding per client, server
and account; `count` is the number of exchanges. Severity: critical if accepted on a path that leaves the site's own
networks; high if accepted inside, or sent across; else medium.

Why it matters: base64 is no protection. Everyone on the path reads account and password, and can send mail, or read it,
under that name; people use passwords again elsewhere.

Benign causes: devices that know no TLS (printers, scanners, alarm systems) on a network that only they and the server
share; a test account. Neither makes the password secret.

What to do: change the password, then make the client use TLS (port 465, or 587 with STARTTLS required), then forbid
AUTH before TLS on the server, so that it cannot happen again.
"""

import polars as pl

from zeeksmtp.detectors._exposure import as_findings, by_account, exposed
from zeeksmtp.detectors._finding import severity, term
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class ExposureParams(Params):
    """No parameters: one password in clear is enough."""


def plan(tables: Tables, _params: ExposureParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client, server and account whose password went by."""
    found = by_account(exposed(tables, context, "password"))
    level = severity(
        {"critical": pl.col("accepted_across"), "high": (pl.col("accepted") > 0) | pl.col("crosses")},
        otherwise="medium",
    )
    return as_findings(found, level, term("starttls_was_offered", pl.col("starttls_offered")))


DETECTOR = Detector(
    id="cleartext-credentials",
    title="Password of {accounts} sent in clear",
    summary="{clients} sent the password of {accounts} to {servers} without TLS, {count:time} by {mechanisms}; "
    "{accepted} accepted.",
    actions=(
        Advice("Change the password of {accounts}, make {clients} use TLS, and forbid AUTH before TLS on {servers}."),
    ),
    attack=("T1040", "T1078"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=ExposureParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
)
