"""A lake of a size that a large site has: `python -m simulation.bulk FOLDER`. For timing, not for truth.

Half of the sessions come in from partners, a third goes out from the relay, the rest is submission; one mail each. As a
busy site would set it, accepted MAIL, RCPT and DATA lines are left out of smtp_cmd (`log_bulk` = F): what stands there
are the questions and the logins.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simulation.ids import uids
from simulation.seeds import Random, stream
from simulation.site import outside
from simulation.units import LOGS
from zeeksmtp.dtypes import schema_of

_START = 1_790_553_600_000_000  # 2026-09-28 00:00 UTC, a Monday
_DAY = 86_400_000_000
_MX, _SUBMISSION = "10.20.0.25", "10.20.0.24"
_CAPABILITIES = ["PIPELINING", "SIZE 10240000", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN"]
_INSIDE_TLS = 0.4


@dataclass(frozen=True)
class Size:
    """How much there is."""

    sessions: int = 10_000_000
    days: int = 28
    logins: int = 200_000
    questions: int = 500_000
    partners: int = 20_000
    people: int = 3_000
    seed: int = 8

    @cached_property
    def world(self) -> pl.Series:
        """Servers outside."""
        return pl.Series(outside(stream(self.seed, "world"), self.partners))

    @cached_property
    def hosts(self) -> pl.Series:
        """Hosts of the site."""
        return pl.Series([f"10.20.{1 + n // 250}.{1 + n % 250}" for n in range(self.people)])


def write(folder: Path, size: Size | None = None) -> Path:
    """Write the lake: one part per log and day."""
    chosen = size or Size()
    for day in range(chosen.days):
        for log, rows in _day(chosen, day).items():
            (folder / log).mkdir(parents=True, exist_ok=True)
            _shaped(log, rows).write_parquet(folder / log / f"day-{day:02}.parquet", compression="lz4")
    return folder


def _spread(sessions: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return so many of the sessions, from all over the day."""
    return sessions.gather_every(max(1, len(sessions) // max(1, number))).head(number)


def _shaped(log: str, rows: pl.DataFrame) -> pl.DataFrame:
    schema = schema_of(LOGS[log].columns)
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items() if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _day(size: Size, day: int) -> Mapping[str, pl.DataFrame]:
    random = stream(size.seed, "day", day)
    sessions = _sessions(size, day, random)
    clear = sessions.filter(~pl.col("secret"))
    submitted = clear.filter(pl.col("way") == 2)
    return {
        "conn": _conn(sessions),
        "smtp": _smtp(sessions),
        "smtp_session": _smtp_session(sessions),
        "ssl": sessions.filter("secret").with_columns(version=pl.lit("TLSv13"), established=pl.lit(value=True)),
        "smtp_auth": _smtp_auth(_spread(submitted, size.logins // size.days)),
        "smtp_cmd": _smtp_cmd(_spread(clear.filter(pl.col("way") == 0), size.questions // size.days)),
    }


def _sessions(size: Size, day: int, random: Random) -> pl.DataFrame:
    """The sessions of a day: who with whom. `way`: 0 in, 1 out, 2 submission."""
    count = size.sessions // size.days
    way = random.choice(3, count, p=[0.47, 0.33, 0.2]).astype(np.int64)
    far = size.world[_popular(random, count, size.partners)]
    near = size.hosts[_popular(random, count, size.people)]
    ts = _START + day * _DAY + np.sort(random.integers(0, _DAY, count))
    ways = pl.Series("way", way)
    frame = pl.DataFrame({"ts": ts, "way": ways, "far": far, "near": near, "number": np.arange(count)})
    inward, outward = pl.col("way") == 0, pl.col("way") == 1
    relay, submission = pl.lit(_MX), pl.lit(_SUBMISSION)
    return frame.select(
        pl.from_epoch("ts", time_unit="us").dt.replace_time_zone("UTC"),
        uids(random, count).alias("uid"),
        pl.when(inward).then("far").when(outward).then(relay).otherwise("near").alias("id.orig_h"),
        pl.Series("id.orig_p", random.integers(32768, 60999, count), dtype=pl.UInt16),
        pl.when(inward).then(relay).when(outward).then("far").otherwise(submission).alias("id.resp_h"),
        pl.when(pl.col("way") == 2).then(587).otherwise(25).cast(pl.UInt16).alias("id.resp_p"),
        "way",
        "number",
        pl.Series("secret", random.random(count) < _INSIDE_TLS),
        pl.Series("size", random.lognormal(9, 1.5, count).astype(np.int64)),
    )


def _popular(random: Random, count: int, among: int) -> NDArray[np.int64]:
    """Draw numbers, the small ones most often."""
    return np.asarray(among * random.random(count) ** 3, dtype=np.int64)


def _conn(sessions: pl.DataFrame) -> pl.DataFrame:
    return sessions.with_columns(
        proto=pl.lit("tcp"),
        service=pl.when("secret").then(pl.lit("smtp,ssl")).otherwise(pl.lit("smtp")),
        duration=pl.duration(milliseconds=pl.col("size") % 9000 + 200),
        orig_bytes="size",
        resp_bytes=pl.lit(600),
        conn_state=pl.lit("SF"),
        local_orig=pl.col("way") > 0,
        local_resp=pl.col("way") != 1,
        missed_bytes=pl.lit(0),
        history=pl.lit("ShAdDaFf"),
    )


def _smtp(sessions: pl.DataFrame) -> pl.DataFrame:
    domain = pl.format("d{}.example", pl.col("number") % 900)
    who = pl.when(pl.col("way") == 0).then(domain).otherwise(pl.lit("corp.example"))
    clear = ~pl.col("secret")
    return sessions.with_columns(
        trans_depth=pl.lit(1),
        helo=pl.when(pl.col("way") == 1).then(pl.lit("mx.corp.example")).otherwise(pl.col("id.orig_h")),
        mailfrom=pl.when(clear).then(pl.format("u{}@{}", pl.col("number") % 3000, who)),
        rcptto=pl.when(clear).then(pl.concat_list(pl.format("r{}@{}", pl.col("number") % 5000, domain))),
        last_reply=pl.when(clear).then(pl.lit("250 2.0.0 Ok: queued as 0CD0")).otherwise(pl.lit("220 2.0.0 Ready")),
        tls="secret",
        fuids=pl.when(clear).then(pl.concat_list(pl.lit("F0CD08236641"))).otherwise(pl.lit([], pl.List(pl.String))),
    )


def _smtp_session(sessions: pl.DataFrame) -> pl.DataFrame:
    one = (~pl.col("secret")).cast(pl.UInt64)
    counted = dict.fromkeys(("mail", "rcpt", "rcpt_accepted", "messages_accepted"), one)
    zero = (
        *("unknown_commands", "rcpt_unknown", "rcpt_refused", "messages_refused", "vrfy", "vrfy_confirmed", "expn"),
        *("expn_confirmed", "auth_attempts", "auth_failures", "auth_successes", "replies_4xx", "replies_5xx"),
    )
    return sessions.with_columns(
        banner=pl.format("mx-{}.example ESMTP Postfix", pl.col("id.resp_h").str.replace_all(".", "-", literal=True)),
        helo=pl.when(pl.col("way") == 1).then(pl.lit("mx.corp.example")).otherwise(pl.col("id.orig_h")),
        esmtp=pl.lit(value=True),
        capabilities=pl.lit(_CAPABILITIES, dtype=pl.List(pl.String)),
        starttls_offered=pl.lit(value=True),
        starttls_requested="secret",
        starttls_code=pl.when("secret").then(220),
        tls="secret",
        commands=pl.when("secret").then(2).otherwise(5),
        **counted,
        **dict.fromkeys(zero, pl.lit(0)),
        last_reply_code=pl.when("secret").then(220).otherwise(221),
        last_reply_msg=pl.lit("2.0.0 Bye"),
        quit=~pl.col("secret"),
        gap=pl.lit(value=False),
        truncated=pl.lit(value=False),
    )


def _smtp_auth(sessions: pl.DataFrame) -> pl.DataFrame:
    wrong = pl.col("number") % 37 == 0
    return sessions.with_columns(
        seq=pl.lit(2),
        mechanism=pl.lit("PLAIN"),
        initial_response=pl.lit(value=True),
        user=pl.format("user{}", pl.col("id.orig_h").hash(1) % 3000),
        secret_kind=pl.lit("password"),
        secret_length=pl.lit(9),
        secret_hash=pl.format("{}", pl.col("id.orig_h").hash(2)),
        outcome=pl.when(wrong).then(pl.lit("failure")).otherwise(pl.lit("success")),
        reply_code=pl.when(wrong).then(535).otherwise(235),
        starttls_offered=pl.lit(value=True),
    )


def _smtp_cmd(sessions: pl.DataFrame) -> pl.DataFrame:
    unknown = pl.col("number") % 41 == 0
    return sessions.with_columns(
        seq=pl.lit(3),
        command=pl.lit("RCPT"),
        arg=pl.format("TO:<r{}@corp.example>", pl.col("number") % 5000),
        reply_code=pl.when(unknown).then(550).otherwise(250),
        reply_status=pl.when(unknown).then(pl.lit("5.1.1")).otherwise(pl.lit("2.1.5")),
        reply_msg=pl.when(unknown).then(pl.lit("5.1.1 User unknown")).otherwise(pl.lit("2.1.5 Ok")),
        known=pl.lit(value=True),
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), Size(sessions=int(sys.argv[2])) if len(sys.argv) > 2 else None)
