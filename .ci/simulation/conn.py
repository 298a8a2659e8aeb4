"""conn.log of simulated sessions: payload, packets, duration and history follow from the dialogue, as on a real wire.

`tests/simulation/test_calibration.py` compares the result with recorded sessions, field by field.
"""

from __future__ import annotations

from ipaddress import IPv4Network

import polars as pl

from simulation.clock import SECOND
from simulation.replies import BANNERS, CAPABILITIES

_HISTORY = {"SF": "ShAdDaFf", "S0": "S", "REJ": "Sr", "RSTOS0": "SR", "RSTO": "ShAdDaR", "RSTR": "ShAdDafr", "SH": "SF"}
_SILENT = {"SF": "ShAdFf", "RSTO": "ShAdR", "RSTR": "ShAdfr"}
"""Histories of sessions whose client said nothing."""
_CRLF = 2
_CODE = 4  # "250 "
_GO_AHEAD, _END_OF_DATA = len("354 End data with <CR><LF>.<CR><LF>\r\n"), len(".\r\n")
_PROMPTS = len("334 VXNlcm5hbWU6\r\n") + len("334 UGFzc3dvcmQ6\r\n")
_CHALLENGE, _RESPONSE = 80, 60  # bytes of a challenge and of what answers it, as recorded of CRAM-MD5
BODY_BYTES = 400
"""Bytes of a mail that has no size of its own: those of the recorded bot, of swaks and of msmtp are 200 to 500."""
# TLS 1.3 as OpenSSL speaks it: ClientHello, Finished and close_notify; ServerHello to Finished with a certificate of
# 1 KiB, and two session tickets. Each record adds 22 bytes. Every dialogue inside has EHLO and QUIT.
_TLS_RECORD = 22
_TLS_CLIENT, _TLS_SERVER = 626 + 72, 1600 + 249
_TLS_TURNS = 8  # flights of the handshake and of the dialogue inside
_HIDDEN_COMMAND, _HIDDEN_REPLY = 14, 45  # a command without its argument, and a reply, inside TLS
_SEGMENT = 1448
_REFUSAL = SECOND  # servers answer a wrong password late: 0.5 to 2 s in the recordings, 1 s in most of them
_SLOW = 200_000


def _base64(length: pl.Expr) -> pl.Expr:
    return (length + 2) // 3 * 4


def line_sizes(lines: pl.DataFrame, logins: pl.DataFrame) -> pl.DataFrame:
    """Return per session the bytes of its readable lines and the times that the line changes direction.

    Args:
        lines: Commands with their replies, of `lines.lines_of`.
        logins: Logins by `tag`.

    Returns:
        `sess`; `client_bytes`, `server_bytes` (without the greeting and what EHLO lists); `turns`; `pauses`, halves
        of acknowledgements that no data could carry; `held`, the µs that the server held refusals back.
    """
    verb, arg = pl.col("verb"), pl.col("arg").str.len_bytes().fill_null(0).cast(pl.Int64)
    user, secret = (pl.col(name).str.len_bytes().fill_null(0).cast(pl.Int64) for name in ("user", "secret"))
    way = (
        pl.when(verb != "AUTH").then(pl.lit("none"))
        .when(pl.col("verdict") == "needs_tls").then(pl.lit("none"))
        .when((pl.col("mechanism") == "PLAIN") & pl.col("initial")).then(pl.lit("initial"))
        .when(pl.col("mechanism").is_in(["PLAIN", "LOGIN"])).then(pl.col("mechanism"))
        .otherwise(pl.lit("challenge"))
    )  # fmt: skip
    said = (
        pl.when(verb == "MAIL").then(arg + len("MAIL FROM:<>"))
        .when(verb == "RCPT").then(arg + len("RCPT TO:<>"))
        .otherwise(verb.str.len_bytes().cast(pl.Int64) + pl.when(arg > 0).then(arg + 1).otherwise(0))
    ) + _CRLF  # fmt: skip
    answer = (
        pl.when(way == "LOGIN").then(_base64(user) + _base64(secret) + 2 * _CRLF)
        .when(way == "PLAIN").then(_base64(user + secret + 2) + _CRLF)
        .when(way == "initial").then(_base64(user + secret + 2) + 1)
        .when(way == "challenge").then(_base64(user) + _RESPONSE)
        .otherwise(0)
    )  # fmt: skip
    prompts = way.replace_strict({"LOGIN": _PROMPTS, "PLAIN": 6, "challenge": _CHALLENGE}, default=0)
    reply = pl.when(verb == "EHLO").then(0).otherwise(pl.col("msg").str.len_bytes().cast(pl.Int64) + _CODE + _CRLF)
    data = verb == "DATA"
    turns = 1 + data.cast(pl.Int64) + way.replace_strict({"LOGIN": 2, "PLAIN": 1, "challenge": 1}, default=0)
    refused = (verb == "AUTH") & (pl.col("verdict") == "wrong")
    held = pl.when(refused).then((_REFUSAL - pl.col("gap")).clip(lower_bound=0)).otherwise(0)
    return (
        lines.join(logins, on="tag", how="left", maintain_order="left")
        .group_by("sess")
        .agg(
            (said + answer + data.cast(pl.Int64) * _END_OF_DATA).sum().alias("client_bytes"),
            (reply + prompts + data.cast(pl.Int64) * _GO_AHEAD).sum().fill_null(0).alias("server_bytes"),
            turns.sum().alias("turns"),
            # A pause is the client's or the server's, who acknowledges by itself; a refusal has both.
            (refused.cast(pl.Int64) * 2 + (pl.col("gap") >= _SLOW).cast(pl.Int64)).sum().alias("pauses"),
            held.sum().alias("held"),
        )
    )


def hidden_sizes(said: pl.DataFrame) -> pl.DataFrame:
    """Return per session, of all that was said in it, what that comes to inside TLS, and whether content was sent."""
    spoken, arg = pl.len().cast(pl.Int64), pl.col("arg").str.len_bytes().fill_null(0).cast(pl.Int64).sum()
    return said.group_by("sess").agg(
        (arg + (_HIDDEN_COMMAND + _TLS_RECORD) * spoken).alias("hidden_client"),
        ((_HIDDEN_REPLY + _TLS_RECORD) * spoken).alias("hidden_server"),
        (pl.col("verb") == "MAIL").any().alias("mails"),
        (pl.col("verb") == "DATA").sum().cast(pl.Int64).alias("contents"),
    )


def greeting_bytes() -> pl.Expr:
    """Return the bytes of the greeting, and of the lines that answer EHLO."""
    name = pl.col("name").str.len_bytes().cast(pl.Int64)
    banner = name + pl.col("software").replace_strict({key: len(text) for key, text in BANNERS.items()})
    listed = {key: sum(len(line) + _CODE + _CRLF for line in text.split(",")) for key, text in CAPABILITIES.items()}
    mechanisms = pl.col("mechanisms").str.len_bytes().cast(pl.Int64)
    auth = pl.when(mechanisms > 0).then(mechanisms + len("AUTH ") + _CODE + _CRLF).otherwise(0)
    starttls = pl.col("starttls").cast(pl.Int64) * (len("STARTTLS") + _CODE + _CRLF)
    answer = name + _CODE + _CRLF + pl.col("software").replace_strict(listed) + auth + starttls
    ehlo = pl.col("helo").is_not_null() & pl.col("esmtp") & (pl.col("tls") != "implicit")
    return banner + _CODE + _CRLF + pl.when(ehlo).then(answer).otherwise(0)


def within(addresses: pl.Expr, net: IPv4Network) -> pl.Expr:
    """Return whether IPv4 addresses lie in a network of whole bytes (/8, /16, /24)."""
    kept = ".".join(str(net.network_address).split(".")[: net.prefixlen // 8]) + "."
    return addresses.str.starts_with(kept)


def conn(sessions: pl.DataFrame, net: IPv4Network) -> pl.DataFrame:
    """Return conn.log's columns of sessions that have the sizes of their lines."""
    answered, secret = pl.col("answered"), pl.col("tls").is_in(["starttls", "implicit"])
    spoke = pl.col("helo").is_not_null() & answered
    service = (
        pl.when(answered & (pl.col("tls") == "implicit")).then(pl.lit("ssl"))
        .when(spoke & (pl.col("tls") == "starttls")).then(pl.lit("smtp,ssl"))
        .when(spoke).then(pl.lit("smtp"))
    )  # fmt: skip
    # A size is that of a mail: it stays unsent where a mail was announced and no recipient taken.
    body = pl.when(pl.col("mails") & (pl.col("contents") == 0)).then(0).otherwise(pl.col("sent"))
    body = body + BODY_BYTES * pl.col("contents")
    inside_client = pl.when(secret).then(_TLS_CLIENT + pl.col("hidden_client")).otherwise(0)
    inside_server = pl.when(secret).then(_TLS_SERVER + pl.col("hidden_server")).otherwise(0)
    sent = pl.col("client_bytes") + body + inside_client
    got = greeting_bytes() + pl.col("server_bytes") + inside_server + pl.col("got")
    lasted = pl.col("talked").fill_null(0) + pl.col("held") + (pl.col("seconds") * SECOND).cast(pl.Int64) + 35_000
    packets = pl.col("turns") + pl.when(secret).then(_TLS_TURNS).otherwise(0) + pl.col("pauses") // 2
    silent = answered & (sent == 0)
    fails_at_once = pl.col("state") == "REJ"
    return sessions.with_columns(
        pl.lit("tcp").alias("proto"),
        service.alias("service"),
        pl.when(answered).then(lasted).when(fails_at_once).then(20).cast(pl.Duration("us")).alias("duration"),
        pl.when(answered).then(sent).when(fails_at_once).then(0).alias("orig_bytes"),
        pl.when(answered).then(got).when(fails_at_once).then(0).alias("resp_bytes"),
        pl.col("state").alias("conn_state"),
        within(pl.col("id.orig_h"), net).alias("local_orig"),
        within(pl.col("id.resp_h"), net).alias("local_resp"),
        pl.lit(0).alias("missed_bytes"),
        pl.when(silent)
        .then(pl.col("state").replace_strict(_SILENT, default="ShAdFf"))
        .otherwise(pl.col("state").replace_strict(_HISTORY))
        .alias("history"),
        pl.when(silent).then(5).when(answered).then(4 + packets + body // _SEGMENT).otherwise(1).alias("orig_pkts"),
        pl.when(silent).then(3).when(answered).then(5 + packets + body // (2 * _SEGMENT))
        .otherwise(fails_at_once.cast(pl.Int64)).alias("resp_pkts"),
    )  # fmt: skip
