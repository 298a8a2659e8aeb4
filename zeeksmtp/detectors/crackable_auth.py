"""A challenge-response login in clear can be cracked off-line.

What it sees: exchanges of smtp_auth.log (table `auth`) whose secret is a keyed hash of the password (`secret_kind` =
hash: CRAM-MD5, DIGEST-MD5, NTLM, SCRAM) outside TLS. Refused tries from outside, and those of a client that alarms in
the test for guessing, are not counted. One finding per client, server and account; `count` is the number of exchanges.
Severity: low if only SCRAM was used; else high if the path leaves the site's own networks, medium inside.

Why it matters: who has read challenge and response tries passwords against them at billions a second (hashcat modes
10200, 11400, 5600), and the server never notices. SCRAM's iterations make it slow. NTLM can be relayed besides.

Benign causes: old clients that choose CRAM-MD5 because the server offers it; it was meant for lines without TLS.

What to do: offer these mechanisms inside TLS only, or not at all; a password that people choose is then to be changed.
"""

import polars as pl

from zeeksmtp.detectors._exposure import as_findings, by_account, exposed
from zeeksmtp.detectors._finding import severity
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class CrackableParams(Params):
    """No parameters: one exchange is enough."""


def plan(tables: Tables, _params: CrackableParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client, server and account whose challenge and response went by."""
    found = by_account(exposed(tables, context, "hash"))
    only_scram = pl.col("mechanisms").list.eval(pl.element().str.starts_with("SCRAM-")).list.all()
    level = severity({"low": only_scram, "high": pl.col("crosses")}, otherwise="medium")
    return as_findings(found, level)


DETECTOR = Detector(
    id="crackable-auth",
    title="Login of {accounts} can be cracked",
    summary="{clients} logged in to {servers} as {accounts} without TLS, {count:time} by {mechanisms}: challenge "
    "and response can be tried off-line against any word list.",
    actions=(
        Advice("Require TLS for AUTH on {servers}; change the password of {accounts} unless it is long and random."),
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
)
