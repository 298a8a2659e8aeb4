"""A bearer token was sent in clear.

What it sees: exchanges of smtp_auth.log (table `auth`) that carried a token (`secret_kind` = token: XOAUTH2,
OAUTHBEARER) outside TLS, whatever the reply. Rejected logins from outside, and those of a client that alarms in the
test for guessing, are not counted. One finding per account and server, clients of
the site and others apart; `count` is the number of exchanges.

Why it matters: a bearer token works for whoever reads it until it expires, often for more than mail, and without the
second factor that the login had required.

Benign causes: a TLS proxy that decrypts before the sensor; a laboratory. RFC 7628 and every provider require TLS.

What to do: revoke the account's tokens and sessions at the identity provider, then find out why the client was willing
to speak without TLS (STARTTLS stripped or optional), and require TLS on both ends.
"""

import polars as pl

from zeeksmtp.detectors._exposure import REQUIRE_TLS, as_findings, by_account, exposures
from zeeksmtp.detectors._finding import ACCOUNT
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class TokenParams(Params):
    """No parameters: one token in clear is enough."""


def plan(tables: Tables, _params: TokenParams, context: Context) -> pl.LazyFrame:
    """Return one finding per account and server whose token was sent in clear."""
    found = by_account(exposures(tables, context, "token"))
    return as_findings(found, pl.lit("high"))


DETECTOR = Detector(
    id="cleartext-token",
    title=f"Cleartext bearer token: {ACCOUNT} ({{who}} → {{servers}})",
    summary="Bearer token sent {exchanges:time} without TLS by {mechanisms}. {accepted:login} accepted.",
    actions=(Advice("Revoke the tokens and sessions of {accounts}.", when=("accounts",)), *REQUIRE_TLS),
    attack=("T1040", "T1550.001"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=TokenParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
    replaces=("cleartext-submission",),
    weaknesses=("auth-before-tls",),
)
