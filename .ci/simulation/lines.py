"""The commands of simulated sessions in order, with their replies; and the counters that follow from them."""

from __future__ import annotations

import polars as pl

from simulation.replies import replies

ENDS = ("uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
_LAST = 1 << 40
_EARLY = ("early", "unanswered")
"""Verdicts of commands that are sent at once with the one before; behind STARTTLS they are seen, too."""
_TOTALS = ("VRFY", "EXPN", "MAIL", "RCPT")


def _opening(sessions: pl.DataFrame) -> pl.DataFrame:
    """EHLO and STARTTLS, which every session makes of itself."""
    spoke = sessions.filter(pl.col("helo").is_not_null(), pl.col("tls") != "implicit", pl.col("answered"))
    asks = spoke.filter(pl.col("tls").is_in(["starttls", "failed", "refused", "stripped"]))
    greets = pl.when("esmtp").then(pl.lit("EHLO")).otherwise(pl.lit("HELO"))
    hello = _own_line(spoke, -2, greets, pl.col("helo"))
    verdict = pl.when(pl.col("starttls_ok")).then(pl.lit("ok")).otherwise(pl.col("tls"))
    start = _own_line(asks, -1, pl.lit("STARTTLS"), verdict=verdict)
    bye = _own_line(spoke.filter(pl.col("quit"), ~pl.col("starttls_ok")), _LAST, pl.lit("QUIT"))
    return pl.concat([hello, start, bye]).with_columns(pl.lit(-1, pl.Int64).alias("tag"))


def _own_line(
    sessions: pl.DataFrame, place: int, verb: pl.Expr, arg: pl.Expr | None = None, verdict: pl.Expr | None = None
) -> pl.DataFrame:
    return sessions.select(
        "sess",
        pl.lit(place, pl.Int64).alias("place"),
        verb.alias("verb"),
        (pl.lit(None, pl.String) if arg is None else arg).alias("arg"),
        (pl.lit("ok") if verdict is None else verdict).alias("verdict"),
    )


def lines_of(sessions: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """All commands in order, with number, time and reply. What is said inside TLS is nobody's to read."""
    visible = sessions.filter(~pl.col("starttls_ok"), pl.col("tls") != "implicit", pl.col("answered")).select("sess")
    hidden = said.filter(pl.col("verdict") == "unanswered").join(visible, on="sess", how="anti")
    spoken = pl.concat([said.join(visible, on="sess", how="semi"), hidden])
    columns = ("sess", "place", "verb", "arg", "verdict", "tag")
    every = pl.concat([_opening(sessions).select(columns), spoken.select(columns)]).with_row_index("row")
    ends = sessions.select("sess", "ts", *ENDS, "software", "name", "gap", "pipelining", "spelling")
    numbered = (
        every.sort("sess", "place", "row")
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.UInt64).over("sess").alias("seq"))
        .join(ends, on="sess", how="left", maintain_order="left")
        .join(replies(), on=["software", "verb", "verdict"], how="left", maintain_order="left")
    )
    who = pl.col("arg").str.extract(r"^<?([^>]*)>?$")
    slot = pl.col("slot")
    infix = (
        pl.when(slot == "a")
        .then(who)
        .when(slot == "c")
        .then(pl.col("id.orig_h"))
        .when(slot == "n")
        .then(pl.col("name"))
    )
    at = pl.col("ts") + 30_000 + (pl.col("seq").cast(pl.Int64) - 1) * pl.col("gap")
    early = pl.col("verdict").is_in(_EARLY)
    return numbered.with_columns(
        pl.concat_str("head", infix.fill_null(""), "tail").alias("msg"),
        (early | pl.col("pipelining") & pl.col("verb").is_in(["RCPT", "DATA"])).alias("pipelined"),
        pl.when(~early).then(at).forward_fill().over("sess").alias("ts"),
    ).drop("head", "slot", "tail", "row")


def counted(lines: pl.DataFrame) -> pl.DataFrame:
    """The counters of smtp_session, out of the lines themselves."""
    verb, verdict, code = pl.col("verb"), pl.col("verdict"), pl.col("code")
    rcpt, auth, data = verb == "RCPT", verb == "AUTH", verb == "DATA"

    def count(name: str, which: pl.Expr) -> pl.Expr:
        return which.fill_null(value=False).sum().cast(pl.UInt64).alias(name)

    return lines.group_by("sess").agg(
        pl.len().cast(pl.UInt64).alias("commands"),
        *(count(name.lower(), verb == name) for name in _TOTALS),
        count("rcpt_accepted", rcpt & verdict.is_in(["ok", "early"])),
        count("rcpt_unknown", rcpt & (verdict == "unknown")),
        count("rcpt_refused", rcpt & ~verdict.is_in(["ok", "unknown", *_EARLY])),
        count("messages_accepted", data & verdict.is_in(["ok", "early"])),
        count("messages_refused", data & ~verdict.is_in(["ok", *_EARLY])),
        count("vrfy_confirmed", (verb == "VRFY") & code.is_in([250, 251])),
        count("expn_confirmed", (verb == "EXPN") & (code == 250)),
        count("auth_attempts", auth),
        count("auth_failures", auth & (code == 535)),
        count("auth_successes", auth & (code == 235)),
        count("replies_4xx", code.is_between(400, 499)),
        count("replies_5xx", code >= 500),
        pl.col("code").last().alias("last_reply_code"),
        pl.col("msg").last().alias("last_reply_msg"),
        (verb == "QUIT").any().alias("quit_said"),
        (verb == "STARTTLS").any().alias("starttls_requested"),
        pl.col("code").filter(verb == "STARTTLS").first().alias("starttls_code"),
        (pl.col("ts").max() - pl.col("ts").min()).alias("talked"),
    )
