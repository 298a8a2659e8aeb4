"""A bearer token went over the wire in clear.

What it sees: exchanges of smtp_auth.log (table `auth`) that carried a token (`secret_kind` = token: XOAUTH2,
OAUTHBEARER) outside TLS, whatever the reply. Refused tries from outside, and those of a client that alarms in the test
for guessing, are not counted. One finding per client, server and account; `count` is the number of exchanges.

Why it matters: who reads a bearer token can use it as it is until it expires, often for more than mail, and without the
second factor that the login had asked for.

Benign causes: a TLS proxy that decrypts before the sensor; a laboratory. RFC 7628 and every provider require TLS.

What to do: revoke the account's tokens and sessions at the identity provider, then find out why the client was willing
to speak without TLS (STARTTLS stripped or optional), and require TLS on both ends.
"""

import polars as pl

from zeeksmtp.detectors._exposure import as_findings, by_account, exposed
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class TokenParams(Params):
    """No parameters: one token in clear is enough."""


def plan(tables: Tables, _params: TokenParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client, server and account whose token went by."""
    found = by_account(exposed(tables, context, "token"))
    return as_findings(found, pl.lit("high"))


DETECTOR = Detector(
    id="cleartext-token",
    title="Bearer token of {accounts} sent in clear",
    summary="{clients} sent a bearer token of {accounts} to {servers} without TLS, {count:time} by {mechanisms}; "
    "{accepted} accepted.",
    actions=(Advice("Revoke the tokens of {accounts}, and make {clients} and {servers} require TLS."),),
    attack=("T1040", "T1550.001"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=TokenParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
)
