"""A server of the site discloses its host and domain names to outside clients by NTLM.

What it sees: NTLM challenges of smtp_auth.log (table `auth`, column `server_names`) that one of the site's own servers
sent, outside TLS, to clients from outside. One finding per server and port; `count` is the number of exchanges with
names. Severity: low; `probes` counts the exchanges that ended once the names were known, without a login, as nmap's
smtp-ntlm-info ends them.

Why it matters: the challenge names the host, its Windows domain and its DNS forest before anybody has logged in, in a
single request. Attackers learn the names of the internal domain, which password spraying and phishing then use.

Benign causes: Exchange offers NTLM on its receive connectors by default, and old clients use it.

What to do: do not offer NTLM to the outside.
"""

import polars as pl

from zeeksmtp.detectors._finding import details, entity, severity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PORT = ("server", "port")


class NtlmNamesParams(Params):
    """No parameters: one challenge is enough."""


def plan(tables: Tables, _params: NtlmNamesParams, context: Context) -> pl.LazyFrame:
    """Return one finding per server port of the site that named itself to a client from outside."""
    discloses = pl.col("server_names").list.len() > 0
    exchanges = tables["auth"].filter(context.window.covers(), pl.col("direction") == "inbound", discloses)
    found = exchanges.group_by(_PORT).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("count"),
        pl.col("server").unique().alias("servers"),
        pl.col("server_names").explode().unique().sort().alias("names"),
        pl.col("client").n_unique().alias("clients_shown"),
        (pl.col("secret_kind") == "none").sum().alias("probes"),
        first_uids().alias("uids"),
    )
    return to_findings(
        found.with_columns(
            entity(*_PORT),
            severity({}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("exchanges", pl.col("count")),
                evidence("outside_clients", pl.col("clients_shown")),
                evidence("probes", pl.col("probes")),
            ),
            details(names=pl.col("names"), port=pl.concat_list(pl.col("port").cast(pl.String))),
        )
    )


DETECTOR = Detector(
    id="ntlm-names",
    title="Internal names disclosed by NTLM: {servers}:{port}",
    summary="NTLM challenges disclosed {names} to {outside_clients:outside client} in {exchanges:exchange}.",
    actions=(Advice("Do not offer AUTH NTLM to outside clients on {servers}:{port}."),),
    attack=("T1590.001", "T1592"),
    needs=("auth",),
    required_logs=("smtp_auth",),
    params=NtlmNamesParams,
    plan=plan,
    technique="Information disclosure",
)
