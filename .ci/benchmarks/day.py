"""A day of conn.log as a busy site has it: 24 hourly files, seeded, so that two machines measure the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

FIELDS = (
    ("ts", "time"),
    ("uid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
    ("proto", "enum"),
    ("service", "string"),
    ("duration", "interval"),
    ("orig_bytes", "count"),
    ("resp_bytes", "count"),
    ("conn_state", "string"),
    ("local_orig", "bool"),
    ("local_resp", "bool"),
    ("missed_bytes", "count"),
    ("history", "string"),
    ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"),
    ("resp_ip_bytes", "count"),
    ("tunnel_parents", "set[string]"),
    ("ip_proto", "count"),
)
_START = 1_795_392_000  # 2026-11-23 00:00 UTC
_PORTS = [
    (443, "tcp", "ssl"),
    (53, "udp", "dns"),
    (80, "tcp", "http"),
    (123, "udp", "ntp"),
    (445, "tcp", "-"),
    (22, "tcp", "ssh"),
]
_SMTP = [(25, "tcp", "smtp"), (587, "tcp", "smtp,ssl"), (465, "tcp", "ssl"), (25, "tcp", "-")]
_SHARE_OF_SMTP = 0.02
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)


def write_day(folder: Path, rows: int = 4_800_000, seed: int = 2, day: int = 0) -> Path:
    """Write a day into `folder`, unless it is there already; give the folder of the logs. `day` counts from 0."""
    home = folder / (f"day-{rows}-{seed}" + (f"-{day:02}" if day else ""))
    done = home / ".whole"
    if not done.exists():
        home.mkdir(parents=True, exist_ok=True)
        for hour in range(24):
            _write_hour(home, hour + 24 * day, rows // 24, np.random.default_rng([seed, hour + 24 * day]))
        done.touch()
    return home


def _write_hour(day: Path, hour: int, rows: int, random: np.random.Generator) -> None:
    opened = f"{datetime.fromtimestamp(_START + 3600 * hour, UTC):%Y-%m-%d-%H-%M-%S}"
    path = day / f"conn.{hour % 24:02}:00:00-{(hour + 1) % 24:02}:00:00.log"
    names, types = zip(*FIELDS, strict=True)
    head = [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
        f"#open\t{opened}",
        "\t".join(["#fields", *names]),
        "\t".join(["#types", *types]),
    ]
    with path.open("wb") as file:
        file.write(("\n".join(head) + "\n").encode())
        _rows(hour, rows, random).write_csv(file, include_header=False, separator="\t", quote_style="never")
        file.write(f"#close\t{opened}\n".encode())


def _rows(hour: int, rows: int, random: np.random.Generator) -> pl.DataFrame:
    smtp = random.random(rows) < _SHARE_OF_SMTP
    other = random.choice(len(_PORTS), rows, p=[0.45, 0.3, 0.1, 0.05, 0.05, 0.05])
    kind = np.where(smtp, len(_PORTS) + random.integers(0, len(_SMTP), rows), other)
    kinds = pl.DataFrame(_PORTS + _SMTP, schema=["id.resp_p", "proto", "service"], orient="row")
    of_kind = kinds[kind]
    answered = random.random(rows) < 0.9
    sent, got = (random.lognormal(6.5, 1.6, rows).astype(np.int64) for _ in range(2))
    seconds = _START + 3600 * hour + np.sort(random.random(rows) * 3600)
    lasted = random.lognormal(-1, 2, rows)
    answered_as = pl.Series(answered)

    def given(values: pl.Series, otherwise: str) -> pl.Series:
        return values.zip_with(answered_as, pl.repeat(otherwise, rows, eager=True))

    columns = {
        "ts": _decimal(seconds),
        "uid": _uids(rows, random),
        "id.orig_h": _hosts(random, rows, 1),
        "id.orig_p": pl.Series(random.integers(1024, 65535, rows)),
        "id.resp_h": _hosts(random, rows, 2),
        "id.resp_p": of_kind["id.resp_p"],
        "proto": of_kind["proto"],
        "service": given(of_kind["service"], "-"),
        "duration": given(_decimal(lasted), "-"),
        "orig_bytes": given(pl.Series(sent).cast(pl.String), "-"),
        "resp_bytes": given(pl.Series(got).cast(pl.String), "-"),
        "conn_state": given(pl.repeat("SF", rows, eager=True), "S0"),
        "local_orig": pl.repeat("T", rows, eager=True),
        "local_resp": pl.Series(random.random(rows) < 0.2).replace_strict([True, False], ["T", "F"]),
        "missed_bytes": pl.repeat("0", rows, eager=True),
        "history": given(pl.repeat("ShADadFf", rows, eager=True), "S"),
        "orig_pkts": pl.Series(sent // 700 + 4),
        "orig_ip_bytes": pl.Series(sent + 208),
        "resp_pkts": pl.Series(got // 1200 + 3),
        "resp_ip_bytes": pl.Series(got + 164),
        "tunnel_parents": pl.repeat("-", rows, eager=True),
        "ip_proto": of_kind["proto"].replace_strict(["tcp", "udp"], ["6", "17"]),
    }
    return pl.DataFrame(columns)


def _decimal(seconds: np.ndarray) -> pl.Series:
    micros = pl.Series((seconds * 1e6).astype(np.int64))
    whole, fraction = (micros // 1_000_000).cast(pl.String), (micros % 1_000_000).cast(pl.String).str.zfill(6)
    return whole + "." + fraction


def _uids(rows: int, random: np.random.Generator) -> pl.Series:
    letters = _ALPHABET[random.integers(0, len(_ALPHABET), (rows, 17))]
    letters = np.hstack([np.full((rows, 1), ord("C"), dtype=np.uint8), letters])
    return pl.Series(letters.view("S18").ravel().astype(str), dtype=pl.String)


def _hosts(random: np.random.Generator, rows: int, part: int) -> pl.Series:
    """Addresses with a few busy ones and a long tail: clients of 10.20/16, servers anywhere."""
    rank = np.minimum(random.zipf(1.2, rows), 60_000)
    third, fourth = pl.Series(rank // 250).cast(pl.String), pl.Series(rank % 250 + 1).cast(pl.String)
    return ("10.20." if part == 1 else "198.51.") + third + "." + fourth
