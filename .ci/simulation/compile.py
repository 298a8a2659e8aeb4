"""What Zeek writes of simulated sessions: the eight logs, consistent with each other in uids, ends and counters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import polars as pl

from simulation.conn import BODY_BYTES, conn, hidden_sizes, line_sizes
from simulation.dialect import dialects
from simulation.dialogue import Talk, concat
from simulation.ids import uids
from simulation.lines import counted, lines_of
from simulation.made import Made
from simulation.replies import BANNERS, CAPABILITIES
from simulation.seeds import Random
from simulation.smtp import SIZE, smtp
from simulation.tls import ssl, x509
from simulation.units import LOGS
from zeeksmtp.dtypes import schema_of

Frames = dict[str, pl.DataFrame]

MAX_TEXT_BYTES = 5000
_SLOW_REPLY_MICROS = 60_000  # what hashing a password takes
_MX = 15  # RFC 1035, 3.2.2
_UNANSWERED = ("S0", "REJ", "RSTOS0", "SH")
_SIZES = (
    *("client_bytes", "server_bytes", "turns", "pauses", "held"),
    *("hidden_client", "hidden_server", "contents"),
)
_COUNTERS = (
    *("commands", "vrfy", "expn", "mail", "rcpt", "rcpt_accepted", "rcpt_unknown", "rcpt_refused"),
    *("messages_accepted", "messages_refused", "vrfy_confirmed", "expn_confirmed"),
    *("auth_attempts", "auth_failures", "auth_successes", "replies_4xx", "replies_5xx"),
)


def prepared(talks: Sequence[Talk], random: Random) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return sessions with ids, counters and sizes; their readable lines; their logins."""
    opened, said, logins = concat(talks)
    ended = _ended(opened, random)
    lines = lines_of(ended, said)
    sessions = ended
    for part in (counted(lines), line_sizes(lines, logins), hidden_sizes(said)):
        sessions = sessions.join(part, on="sess", how="left", maintain_order="left")
    sessions = sessions.with_columns(pl.col(_SIZES).fill_null(0), pl.col("mails").fill_null(value=False))
    return sessions, lines, logins


def compiled(made: Made, random: Random, net: str, *, hashes: bool = True) -> Frames:
    """Return the logs of all commands and replies, as far as they are read.

    Args:
        made: Sessions, look-ups and certificates.
        random: A stream of chance for ids, ports and bytes.
        net: The site's own network.
        hashes: The Zeek package knows a site secret, and so tells equal passwords.
    """
    sessions, lines, logins = prepared(made.talks, random)
    mails = smtp(sessions, lines, random)
    logs = {
        "conn": conn(sessions, IPv4Network(net)),
        "smtp": mails,
        "files": _files(mails, sessions),
        "smtp_cmd": _smtp_cmd(sessions, lines),
        "smtp_auth": _smtp_auth(sessions, lines, logins, hashes=hashes),
        "smtp_session": _smtp_session(sessions, lines),
        "ssl": ssl(sessions),
        "x509": x509(sessions, made.certificates),
        "dns": _dns(made.all_look_ups(), random),
        "weird": _weird(sessions),
    }
    return {name: _typed(name, rows) for name, rows in logs.items() if name in LOGS}


def _typed(log: str, rows: pl.DataFrame) -> pl.DataFrame:
    schema = schema_of(LOGS[log].columns)
    if "ts" in rows.columns and rows.schema["ts"] == pl.Int64:
        rows = rows.with_columns(pl.from_epoch("ts", time_unit="us").dt.replace_time_zone("UTC"))
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in rows.columns]
    typed = rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    return typed.filter(LOGS[log].concerns()).sort("ts", *(name for name in ("uid", "fingerprint") if name in schema))


def _ended(sessions: pl.DataFrame, random: Random) -> pl.DataFrame:
    """Return sessions with uid and the client's port."""
    ports = pl.Series("id.orig_p", random.integers(32768, 60999, len(sessions)), dtype=pl.UInt16)
    named = sessions.rename({"client": "id.orig_h", "server": "id.resp_h", "port": "id.resp_p"})
    return named.with_columns(
        uids(random, len(sessions)).alias("uid"),
        ports,
        pl.col("state").is_in(_UNANSWERED).not_().alias("answered"),
        pl.col("tls").is_in(["starttls", "failed"]).alias("starttls_ok"),
    )


def _smtp_cmd(sessions: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    verb, code, to = pl.col("verb"), pl.col("code"), pl.col("spelling").str.replace("(?i)from", "TO")
    size = pl.col("arg").str.extract(f"({SIZE})").fill_null("")
    arg = (
        pl.when(verb == "MAIL").then(pl.format("{}{}>{}", "spelling", pl.col("arg").str.replace(SIZE, ""), size))
        .when(verb == "RCPT").then(pl.format("{}{}>", to, "arg"))
        .otherwise(pl.col("arg"))
    )  # fmt: skip
    message = sessions.select("sess", (BODY_BYTES + pl.col("sent") // pl.col("contents")).alias("message"))
    gives_away = verb.is_in(["VRFY", "EXPN"]) & code.is_in([250, 251, 551, 553])
    return lines.join(message, on="sess", how="left", maintain_order="left").with_columns(
        verb.alias("command"),
        arg.alias("arg"),
        code.alias("reply_code"),
        pl.col("status").alias("reply_status"),
        pl.when(code.is_not_null()).then(pl.col("msg")).alias("reply_msg"),
        pl.when(gives_away).then(pl.concat_list("msg")).alias("disclosed"),
        pl.when(code.is_not_null()).then(_latency()).cast(pl.Duration("us")).alias("latency"),
        pl.lit(value=True).alias("known"),
        pl.when(verb == "DATA").then("message").alias("mail_size"),
    )


def _files(mails: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return one part of each mail whose content was seen: an attachment, where it is more than a short text."""
    size = pl.col("sent") // pl.col("contents")
    sizes = sessions.select("sess", pl.when(size > 0).then(size).otherwise(BODY_BYTES).alias("seen_bytes"))
    parts = mails.explode("fuids").filter(pl.col("fuids").is_not_null()).join(sizes, on="sess", how="left")
    is_text = pl.col("seen_bytes") <= MAX_TEXT_BYTES
    return parts.with_columns(
        pl.col("fuids").alias("fuid"),
        pl.lit("SMTP").alias("source"),
        pl.when(is_text).then(pl.lit("text/plain")).otherwise(pl.lit("application/zip")).alias("mime_type"),
    )


def _latency() -> pl.Expr:
    """Return how long a reply takes in µs: a quarter of the pause between commands, and what differs each time."""
    noise = pl.struct("uid", "seq").hash(7) % 4000
    slow = pl.when(pl.col("verdict") == "slow").then(_SLOW_REPLY_MICROS).otherwise(0)
    return pl.col("gap") // 4 + noise.cast(pl.Int64) + slow


def _smtp_auth(sessions: pl.DataFrame, lines: pl.DataFrame, logins: pl.DataFrame, *, hashes: bool) -> pl.DataFrame:
    offers = sessions.select("sess", *_offers())
    tried = lines.filter(pl.col("tag") >= 0).drop("arg").join(offers, on="sess", how="left", maintain_order="left")
    rows = tried.join(logins, on="tag", how="left", maintain_order="left")
    outcomes = {"ok": "success", "wrong": "failure", "needs_tls": "rejected", "busy": "rejected", "left": "unknown"}
    outcomes |= {"cancelled": "aborted", "slow": "failure"}
    password = pl.col("kind") == "password"
    secrets = rows["secret"].unique()
    keyed = [None if text is None else hashlib.sha256(b"site" + text.encode()).hexdigest()[:16] for text in secrets]
    hashed = pl.col("secret").replace_strict(secrets, keyed, return_dtype=pl.String) if len(rows) else pl.col("secret")
    return rows.with_columns(
        pl.col("initial").alias("initial_response"),
        pl.when(pl.col("verdict") == "cancelled").then(pl.lit("none")).otherwise("kind").alias("secret_kind"),
        pl.when(password).then(pl.col("secret").str.len_bytes()).alias("secret_length"),
        pl.when(password & pl.lit(hashes)).then(hashed).alias("secret_hash"),
        pl.when(pl.col("mechanism") == "NTLM").then(_ntlm_names()).alias("server_names"),
        pl.col("verdict").replace_strict(outcomes, default="unknown").alias("outcome"),
        pl.col("code").alias("reply_code"),
        pl.col("status").alias("reply_status"),
        pl.when(pl.col("code").is_not_null()).then(pl.col("msg")).alias("reply_msg"),
    )


def _ntlm_names() -> pl.Expr:
    """What a challenge tells: domain and host as NetBIOS has them, then in DNS."""
    host, domain = pl.col("name").str.extract(r"^([^.]+)"), pl.col("name").str.extract(r"^[^.]+\.(.+)$")
    return pl.concat_list(domain.str.extract(r"^([^.]+)").str.to_uppercase(), host.str.to_uppercase(), domain, "name")


def _offers() -> tuple[pl.Expr, pl.Expr]:
    """What EHLO was answered with: is STARTTLS there, and which mechanisms; HELO is answered with nothing."""
    said_ehlo = pl.col("helo").is_not_null() & pl.col("esmtp")
    mechanisms = pl.when(said_ehlo & (pl.col("mechanisms") != "")).then(pl.col("mechanisms").str.split(" "))
    starttls = said_ehlo & pl.col("starttls") & ~pl.col("masked")
    return starttls.alias("starttls_offered"), mechanisms.alias("mechanisms_offered")


def _smtp_session(sessions: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    talked = sessions.filter(pl.col("answered"), pl.col("tls") != "implicit")
    talked = talked.join(dialects(lines), on="sess", how="left", maintain_order="left")
    said_ehlo = pl.col("helo").is_not_null() & pl.col("esmtp")
    asks = pl.col("mechanisms") != ""
    extra = (
        pl.when(pl.col("masked") & asks).then(pl.concat_list(pl.lit("XXXXXXXA"), pl.format("AUTH {}", "mechanisms")))
        .when(pl.col("masked")).then(pl.concat_list(pl.lit("XXXXXXXA")))
        .when(pl.col("starttls") & asks).then(pl.concat_list(pl.lit("STARTTLS"), pl.format("AUTH {}", "mechanisms")))
        .when(pl.col("starttls")).then(pl.concat_list(pl.lit("STARTTLS")))
        .when(asks).then(pl.concat_list(pl.format("AUTH {}", "mechanisms")))
        .otherwise(pl.lit([], dtype=pl.List(pl.String)))
    )  # fmt: skip
    basic = pl.col("software").replace_strict(CAPABILITIES).str.split(",")
    banner = pl.format("{}{}", "name", pl.col("software").replace_strict(BANNERS))
    return talked.with_columns(
        pl.when("masked").then(pl.lit("*" * 29)).otherwise(banner).alias("banner"),
        said_ehlo.alias("esmtp"),
        pl.when(said_ehlo).then(pl.concat_list(basic, extra)).alias("capabilities"),
        *_offers(),
        pl.col("starttls_requested").fill_null(value=False),
        pl.col("starttls_ok").alias("tls"),
        pl.col(_COUNTERS).fill_null(0),
        pl.lit(0).alias("unknown_commands"),
        pl.coalesce("last_reply_code", pl.lit(220)).alias("last_reply_code"),
        pl.coalesce("last_reply_msg", banner).alias("last_reply_msg"),
        pl.col("quit_said").fill_null(value=False).alias("quit"),
        pl.lit(value=False).alias("gap"),
        pl.lit(value=False).alias("truncated"),
    )


def _dns(look_ups: pl.DataFrame, random: Random) -> pl.DataFrame:
    return look_ups.with_columns(
        uids(random, len(look_ups)).alias("uid"),
        pl.col("client").alias("id.orig_h"),
        pl.Series("id.orig_p", random.integers(32768, 60999, len(look_ups)), dtype=pl.UInt16),
        pl.lit(53).alias("id.resp_p"),
        pl.when(pl.col("qtype") == _MX).then(pl.lit("MX")).otherwise(pl.lit("A")).alias("qtype_name"),
        pl.when(pl.col("answer").is_not_null()).then(pl.concat_list("answer")).alias("answers"),
        pl.lit("NOERROR").alias("rcode_name"),
        pl.col("resolver").alias("id.resp_h"),
    )


def _weird(sessions: pl.DataFrame) -> pl.DataFrame:
    """A few oddities, as every site has them: handshakes that broke off."""
    odd = sessions.filter(pl.col("tls") == "failed")
    return odd.with_columns(pl.lit("inappropriate_FIN").alias("name"), pl.lit(value=False).alias("notice"))


def summary(logs: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Return the number of rows of each log."""
    return {name: len(rows) for name, rows in logs.items()}
