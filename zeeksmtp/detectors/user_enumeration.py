"""Someone enumerates the users of a mail server.

What it sees: VRFY, EXPN and RCPT with their replies (table `query`, from smtp_cmd.log). Trials of a client at a server
are the distinct names that it queried: bad if the server said that the name does not exist, good if it exists or was
accepted. The sequential test (S = max(0, S + ln of the likelihood ratio), alarm at S >= ln(1/alpha)) fires, or
`min_names` distinct names queried by VRFY and EXPN, whatever the replies: over the whole lake; of a client of the site
that knows nearly all of them (at most one unknown name, or a share of theta0), within one day. Per server, the
number of outside clients whose queries failed before any alarm of their own is tested against the server's own rate
(Page's test, alarm at the same h; it needs a day of logs and at least `min_sources` clients): so a distributed harvest
stands out from the background of the Internet. Until there is a day of logs, clients that share a HELO name are tested
as one source. `count` is the number of distinct names. Severity: high if names were
confirmed, medium else. Below that, all info: a lone VRFY or EXPN from inside, queries of a scanner of the site (role
set in the configuration, or scheduled), and the background of the Internet (one finding per server). Without
smtp_cmd.log it is inferred: sessions without mail whose packets and replies are those of a dialogue of VRFY or EXPN
(table `attempt`), and recipients in smtp.log, at the site's servers, of transactions that named at least
`min_recipients` and brought no mail are bad trials, mails are good ones; clients that come by the clock are left out.
Such recipients of outside clients are tested per server over all sources as well, by the clients in an hour (Page's
test). Such a finding is low, one step more each for twice the score that alarms (not of a client of the site that takes
its time), and for mail that the same source sends after the alarm.

Why it matters: password guessing and phishing start from a list of users; a confirmed name is worth a try.

Benign causes: an administrator who checks addresses; a vulnerability scanner; a monitoring probe; a mailing list with
dead addresses (most of its recipients exist, so it does not alarm); a mailbox migration.

What to do: disable VRFY and EXPN (Postfix: disable_vrfy_command = yes; Sendmail: PrivacyOptions=goaway; Exim: no
acl_smtp_vrfy and acl_smtp_expn), slow down or cut off clients after unknown recipients, block the source, and expect
the confirmed names to be tried next.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._attempts import inferred_confidence, inferred_severity
from zeeksmtp.detectors._enumerators import EnumerationParams, enumerators
from zeeksmtp.detectors._finding import details, entity, severity, terms, test_column, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._harvest import harvests, harvests_by_many
from zeeksmtp.detectors._queries import PAIR, VRFY_EXPN, count_name_trials, queries, summary
from zeeksmtp.detectors._remedy import BLOCK
from zeeksmtp.detectors._shared_helo import IN_VAIN, harvests_by_helo
from zeeksmtp.dtypes import dtype_of
from zeeksmtp.model import Advice, Context, Detector, Tables
from zeeksmtp.statistics.rate import surges


def _findings(rows: pl.LazyFrame, keys: tuple[str, ...], note: pl.Expr) -> pl.LazyFrame:
    confirmed = pl.col("confirmed_names").list.len()
    counts = {
        "names": pl.col("count"),
        "confirmed": confirmed,
        "unknown": pl.col("unknown"),
        "sources": pl.col("sources"),
        "vrfy_expn_names": pl.col("vrfy_expn_names"),
        "rcpt_names": pl.col("rcpt_names"),
        "alarm": pl.col("fires"),
    }
    id_inside, id_outside = pl.lit(["T1087.003"]), pl.lit(["T1589.002"])
    return to_findings(
        rows.with_columns(
            entity(*keys),
            severity({"info": ~pl.col("fires"), "high": confirmed > 0}, otherwise="medium"),
            pl.when(pl.col("verbs").list.contains("RCPT") & pl.col("fires"))
            .then(pl.lit("medium"))
            .otherwise(pl.lit("high"))
            .alias("confidence"),
            terms(*(evidence(name, value) for name, value in counts.items())),
            details(
                who=who(pl.col("sources")),
                verbs=pl.col("verbs"),
                confirmed_names=pl.col("confirmed_names"),
                disclosed=pl.col("disclosed"),
                names_tried=pl.col("names_tried"),
                verdicts=pl.concat_list(pl.format("{} valid, {} unknown", confirmed, "unknown")),
                note=note,
            ),
            pl.when(pl.col("score").is_not_null()).then(test_column()).alias("test"),
            pl.when(pl.col("inside")).then(id_inside).otherwise(id_outside).alias("attack"),
        )
    )


def _inferred(rows: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    """Return findings of `harvests`: by the size of their sessions, and the recipients of smtp.log."""
    names, recipients = pl.col("count"), pl.min_horizontal("count", pl.col("names").list.len())
    verbs = pl.concat_list(text_if(recipients < names, "VRFY or EXPN"), text_if(recipients > 0, "RCPT"))
    return to_findings(
        rows.with_columns(
            entity(*keys),
            inferred_severity(),
            inferred_confidence(),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("names", names),
                evidence("vrfy_expn_names", names - recipients, 0.0),
                evidence("rcpt_names", recipients),
                evidence("sources", pl.col("sources"), 0.0),
                evidence("mails_after", pl.col("mails_after")),
                evidence("alarm", pl.lit(value=True)),
            ),
            details(
                who=who(pl.col("sources")),
                verbs=verbs,
                names_tried=pl.col("names"),
                verdicts=pl.lit([], dtype=pl.List(pl.String)),
                note=text_if(
                    pl.lit(value=True),
                    "Estimated from sessions without mail; which addresses are valid is not visible in these logs.",
                ),
            ),
            test_column(),
        )
    )


def _untested() -> list[pl.Expr]:
    dtype = dtype_of("test")
    assert isinstance(dtype, pl.Struct)  # noqa: S101 - narrows the type for the line below
    return [pl.lit(None, field.dtype).alias(field.name) for field in dtype.fields]


def _per_server(every: pl.LazyFrame, pairs: pl.LazyFrame, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """Return the worst time at which a server had more queries in vain than usual, else its background as one finding.

    Queries of a client before its own alarm count for the former, so that a distributed harvest does not vanish when
    one of its sources goes on alone.
    """
    inbound = every.filter(pl.col("direction") == "inbound")
    placed = inbound.join(pairs.select(*PAIR, "fires_at"), on=list(PAIR), how="left").cache()
    before_alarm = placed.filter(pl.col("fires_at").is_null() | (pl.col("ts") < pl.col("fires_at"))).cache()
    early = before_alarm.filter(IN_VAIN).cache()
    # Clients, not connections: one source in a hurry, before its own alarm, is no harvest by many.
    by_rate = surges(early, every, ("server",), "client", context.alpha)
    alike = harvests_by_helo(before_alarm, params.test(context), params.min_sources)
    surge = pl.concat([by_rate, alike.join(by_rate, on="server", how="anti")], how="diagonal_relaxed").cache()
    inside = context.window.covers()
    during = (
        early.filter(inside).join(surge, on="server").filter(pl.col("ts").is_between("since", "till", closed="left"))
    )
    harvest = summary(during, ("server",)).filter(pl.col("sources") >= params.min_sources)
    harvest = harvest.join(surge, on="server").cache()
    background = placed.filter(IN_VAIN, inside, pl.col("fires_at").is_null()).join(harvest, on="server", how="anti")
    fires, quiet = pl.lit(value=True).alias("fires"), pl.lit(value=False).alias("fires")
    note = text_if(pl.lit(value=True), "Usual background of the Internet.")
    return pl.concat(
        [
            _findings(harvest.with_columns(fires), ("server",), text_if(pl.lit(value=False), "")),
            _findings(summary(background, ("server",)).with_columns(*_untested(), quiet), ("server",), note),
        ]
    )


def plan(tables: Tables, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """Return the findings per client and server, and per server."""
    every = queries(tables).cache()
    pairs = enumerators(tables, every, params, context)
    candidates = every.filter(context.window.covers()).join(pairs.select(*PAIR, "fires"), on=list(PAIR))
    # Recipients are queries only of a client that enumerates; of others only VRFY and EXPN are worth a finding.
    rows = summary(candidates.filter(pl.col("fires") | VRFY_EXPN), PAIR).join(pairs, on=list(PAIR))
    note = (
        pl.when("scanner")
        .then(text_if(pl.lit(value=True), "A known scanner of the site."))
        .when(~pl.col("fires") & pl.col("knows_names"))
        .then(text_if(pl.lit(value=True), "The client knew nearly all of them."))
        .otherwise(text_if(pl.lit(value=False), ""))
    )
    alone = _findings(rows.filter(pl.col("fires") | pl.col("inside")), PAIR, note)
    suspects = harvests(tables, params.test(context), params.min_recipients, context).cache()
    hidden = suspects.join(rows, on=list(PAIR), how="anti").with_columns(sources=pl.lit(1))
    together = harvests_by_many(tables, suspects, params.min_recipients, params.min_sources, context)
    # One finding per server: where commands are logged, they say more.
    unlogged = together.join(every.select("server").unique(), on="server", how="anti")
    per_server = _per_server(every, pairs, params, context)
    return pl.concat([alone, per_server, _inferred(hidden, PAIR), _inferred(unlogged, ("server",))])


def count_trials(tables: Tables, _params: EnumerationParams, _context: Context) -> pl.LazyFrame:
    """Return the number of names with a verdict, once per client and server."""
    return count_name_trials(tables)


DETECTOR = Detector(
    id="user-enumeration",
    title="User enumeration ({verbs}) by {who} against {servers}",
    summary="{names:address|addresses} probed with {verbs}{verdicts:: %}.{note: %}",
    actions=(
        Advice(BLOCK, when=("client-outside", "alarm")),
        Advice("Isolate {clients} and investigate it.", when=("client-local", "alarm")),
        Advice("Disable VRFY and EXPN on {servers}.", when=("server-local", "vrfy_expn_names")),
        Advice(
            "Limit unknown recipients per client on {servers} (recipient tarpitting, postscreen, fail2ban).",
            when=("server-local", "rcpt_names", "alarm"),
        ),
        Advice(
            "Watch the valid addresses for login attempts and phishing.", when=("server-local", "confirmed", "alarm")
        ),
    ),
    attack=("T1589.002",),
    needs=("query", "unlogged_recipient", "role", "attempt", "rejected_recipient", "valid_recipient"),
    required_logs=("smtp_cmd",),
    inferred_from=("conn|smtp|smtp_session",),
    replaces=("smtp-probing",),
    params=EnumerationParams,
    plan=plan,
    stage="recon",
    trials=count_trials,
    technique="User enumeration",
    convicts=True,
    weaknesses=("address-disclosure", "recipient-probing", "attacker"),
)
