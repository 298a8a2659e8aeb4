"""A host scans for mail servers.

What it sees: first contacts on ports 25, 465, 587 and 2525 (table `contact`, from conn.log): one trial per client,
server and port, bad if the connection failed (no answer, refused) or the client said nothing. The sequential test with
the constants of threshold random walk (Jung et al. 2004) fires from `min_targets` bad targets on. Mail servers of the
site are not tested: their queue tries dead servers for days. `count` is the number of bad targets. Severity: medium
from inside; low from outside, and for a scanner of the site that comes back on schedule (table `role`); none for hosts
that the configuration names as scanner or monitoring probe.

Why it matters: from inside it is malware that looks for a way to send, or somebody who maps the network. From outside
it is the beginning of most attacks.

Benign causes: a vulnerability scanner of the site (set its role in the configuration); a new mail server whose MX
targets are partly dead; monitoring of many servers.

What to do: inside, isolate the host, investigate it, and block outbound port 25 for all but the relays; outside,
nothing by itself.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._remedy import BLOCK, BLOCK_OUTBOUND_MAIL
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, alarms

_PORTS = (25, 465, 587, 2525)
_SERVER_ROLES = ("relay", "submission-server")
_ALLOWED_ROLES = ("scanner", "monitoring-probe")  # only where the configuration vouches: a scan looks like one


class ScanParams(Params):
    """When first contacts are a scan."""

    theta0: float = Field(
        0.2, gt=0, lt=1, description="share of failing first contacts of the innocent; Source: Jung 2004"
    )
    theta1: float = Field(0.8, gt=0, lt=1, description="share of failing first contacts of scanners; Source: Jung 2004")
    memory_days: float = Field(
        30, gt=0, le=365, description="days until the score starts anew; Source: our choice, a month of logs"
    )
    min_targets: int = Field(10, ge=2, description="bad targets at least; Source: NEMEA, more than 10 servers in 5 min")


def _trials(tables: Tables) -> pl.LazyFrame:
    allowed = pl.col("role").is_in(_SERVER_ROLES) | (pl.col("vouched") & pl.col("role").is_in(_ALLOWED_ROLES))
    exempt = tables["role"].filter(allowed).select(client="host")
    contacts = tables["contact"].filter(pl.col("port").is_in(_PORTS)).join(exempt, on="client", how="anti")
    return contacts.with_columns((pl.col("outcome") != "spoke").alias("bad"), pl.lit(1, pl.Int64).alias("trials"))


def plan(tables: Tables, params: ScanParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    trials = _trials(tables)
    scheduled = (pl.col("role") == "scanner") & pl.col("scheduled") & pl.col("local")
    scanners = tables["role"].filter(scheduled).select(client="host", known=pl.lit(value=True))
    test = SequentialTest(params.theta0, params.theta1, context.alpha, params.memory_days)
    tested = alarms(trials, ("client",), test).filter(pl.col("bad") >= params.min_targets)
    targets = (
        trials.filter(pl.col("bad"), context.window.covers())
        .group_by("client")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().alias("clients"),
            pl.col("server").unique().sort().head(100).alias("servers"),
            pl.col("server").n_unique().alias("targets"),
            pl.col("port").cast(pl.String).unique().sort().alias("ports"),
            (pl.col("outcome") == "failed").sum().alias("failed"),
            pl.col("direction").is_in(["outbound", "internal"]).any().alias("inside"),
            pl.col("uid").sort_by("ts", "uid").head(20).alias("uids"),
        )
    )
    rows = targets.join(tested, on="client").join(scanners, on="client", how="left")
    known = pl.col("known").fill_null(value=False)
    return to_findings(
        rows.with_columns(
            entity("client"),
            severity({"medium": pl.col("inside") & ~known}, otherwise="low"),
            pl.lit("high").alias("confidence"),
            terms(
                evidence("targets", pl.col("targets")),
                evidence("no_connection", pl.col("failed")),
                evidence("said_nothing", pl.col("count") - pl.col("failed")),
                evidence("from_inside", pl.col("inside"), 0.0),
                evidence("from_outside", ~pl.col("inside"), 0.0),
                evidence("scheduled_scanner", known, 0.0),
                evidence("unknown_scanner", ~known, 0.0),
            ),
            details(
                ports=pl.col("ports"), note=text_if(known, "It comes back on schedule, like a vulnerability scanner.")
            ),
            test_column(),
        )
    )


def count_trials(tables: Tables, _params: ScanParams, _context: Context) -> pl.LazyFrame:
    """Return the number of first contacts that were tested."""
    return _trials(tables).select(pl.col("trials").sum())


DETECTOR = Detector(
    id="smtp-scan",
    title="SMTP scan by {clients}",
    summary="{targets:host} contacted on port {ports}: {no_connection} without a connection, {said_nothing} without an "
    "SMTP command.{note: %}",
    actions=(
        Advice("Isolate {clients} and investigate it.", when=("from_inside", "unknown_scanner")),
        Advice(
            "Block outbound port 25 for {clients}.", when=("from_inside", "unknown_scanner"), wider=BLOCK_OUTBOUND_MAIL
        ),
        Advice(
            "If {clients} is a vulnerability scanner, set its role in the configuration.",
            when=("scheduled_scanner",),
        ),
        Advice("Block {clients} if the scan goes on.", when=("from_outside",), wider=BLOCK),
    ),
    attack=("T1046", "T1595"),
    needs=("contact", "role"),
    required_logs=("conn",),
    replaces=("smtp-probing",),
    params=ScanParams,
    plan=plan,
    stage="recon",
    trials=count_trials,
    technique="SMTP scan",
    convicts=True,
    weaknesses=("attacker",),
)
