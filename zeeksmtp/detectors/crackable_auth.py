"""A challenge-response login in clear can be cracked offline.

What it sees: exchanges of smtp_auth.log (table `auth`) whose secret is a keyed hash of the password (`secret_kind` =
hash: CRAM-MD5, DIGEST-MD5, NTLM, SCRAM) outside TLS. Rejected logins from outside, and those of a client that alarms in
the test for guessing, are not counted. One finding per account and server, clients of
the site and others apart; `count` is the number of exchanges.
Severity: low if only SCRAM was used; else high if the path leaves the site's own networks, medium inside.

Why it matters: whoever recorded challenge and response tests passwords against them at billions a second (hashcat modes
10200, 11400, 5600), and the server never notices. SCRAM's iterations make it slow. NTLM can be relayed besides.

Benign causes: old clients that choose CRAM-MD5 because the server offers it; it was meant for lines without TLS.

What to do: offer these mechanisms inside TLS only, or not at all; then change passwords that people chose themselves.
"""

import polars as pl

from zeeksmtp.detectors._exposure import REQUIRE_TLS, as_findings, by_account, exposures
from zeeksmtp.detectors._finding import ACCOUNT, severity
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class CrackableParams(Params):
    """No parameters: one exchange is enough."""


def plan(tables: Tables, _params: CrackableParams, context: Context) -> pl.LazyFrame:
    """Return one finding per account and server whose challenge and response were sent in clear."""
    found = by_account(exposures(tables, context, "hash"))
    only_scram = pl.col("mechanisms").list.eval(pl.element().str.starts_with("SCRAM-")).list.all()
    level = severity({"low": only_scram, "high": pl.col("crosses")}, otherwise="medium")
    return as_findings(found, level)


DETECTOR = Detector(
    id="crackable-auth",
    title=f"Crackable login without TLS: {ACCOUNT} ({{who}} → {{servers}})",
    summary="{exchanges:challenge-response login} without TLS by {mechanisms}. Passwords can be tested against the "
    "recorded response offline.",
    actions=(
        Advice("Change the password of {accounts} unless it is long and random.", when=("accounts",)),
        *REQUIRE_TLS,
    ),
    attack=("T1040", "T1110.002"),
    needs=("auth", "login"),
    required_logs=("smtp_auth",),
    params=CrackableParams,
    plan=plan,
    stage="exposure",
    compromises_credentials=True,
    technique="Cleartext authentication",
    symptom=True,
    replaces=("cleartext-submission",),
    weaknesses=("auth-before-tls",),
)
