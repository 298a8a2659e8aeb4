"""A password was sent in clear.

What it sees: exchanges of smtp_auth.log (table `auth`) whose secret is the password itself (`secret_kind` = password:
PLAIN, LOGIN). Such a line exists only outside TLS. One is enough, whatever the server replied: with an initial response
the password has left the host before any reply. Not counted: an empty password; a rejected login from outside, and
rejected logins of a client that alarms in the test for guessing (a guess exposes nobody). One finding per account and
server, clients of the site and others apart; `count` is the number of exchanges. Severity: critical if accepted on a
path that leaves the site's own networks; high if accepted inside, or sent across; else medium.

Why it matters: base64 is no protection. Everyone on the path reads account and password, and can send mail, or read it,
under that name; people use passwords again elsewhere.

Benign causes: devices without TLS (printers, scanners, alarm systems) on a network that only they and the server share;
a test account. Neither makes the password secret.

What to do: change the password, then make the client use TLS (port 465, or 587 with STARTTLS required), then forbid
AUTH before TLS on the server, so that it cannot happen again.
"""

import polars as pl

from zeeksmtp.detectors._exposure import REQUIRE_TLS, as_findings, by_account, exposures
from zeeksmtp.detectors._finding import ACCOUNT, severity
from zeeksmtp.detectors._remedy import CHANGE_PASSWORD_NOW
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class ExposureParams(Params):
    """No parameters: one password in clear is enough."""


def plan(tables: Tables, _params: ExposureParams, context: Context) -> pl.LazyFrame:
    """Return one finding per account and server whose password was sent in clear."""
    found = by_account(exposures(tables, context, "password"))
    level = severity(
        {"critical": pl.col("accepted_across"), "high": (pl.col("accepted") > 0) | pl.col("crosses")},
        otherwise="medium",
    )
    return as_findings(found, level)


DETECTOR = Detector(
    id="cleartext-credentials",
    title=f"Cleartext password: {ACCOUNT} ({{who}} → {{servers}})",
    summary="Password sent {exchanges:time} without TLS by {mechanisms}. {accepted:login} accepted. STARTTLS was "
    "offered in {starttls_was_offered} of {exchanges:session}.",
    actions=(Advice("Change the password of {accounts}.", when=("accounts",), wider=CHANGE_PASSWORD_NOW), *REQUIRE_TLS),
    attack=("T1040", "T1078"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=ExposureParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
    replaces=("cleartext-submission",),
    weaknesses=("auth-before-tls",),
)
