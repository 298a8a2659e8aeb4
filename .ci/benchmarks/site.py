"""Days of a site's logs in any form: the conn.log of `day.py`, and the other logs of its SMTP connections.

Every mail connection in clear has its mail, commands, summary and, one in fifty, a login; every one with STARTTLS the
commands up to it and a TLS handshake. The same bytes on every machine.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.day import write_day
from zeeksmtp.reading.kinds import logs

FORMS: Final = ("tsv", "tsv.gz", "json", "json.gz")
_TEXTS: Final = frozenset({"string", "addr", "enum", "subnet"})
_ID: Final = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")


def write_site(folder: Path, form: str, days: int, rows: int) -> Path:
    """Write `days` days of `rows` connections each, unless they are there; give the folder of the logs."""
    site = folder / f"site-{rows}" / f"{form}-{days}"
    if not (site / ".whole").exists():
        for day in range(days):
            conn = sorted(write_day(folder, rows, day=day).glob("*.log"))
            target = site / f"day-{day:02}"
            target.mkdir(parents=True, exist_ok=True)
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda path, target=target: _write_hour(path, target, form), conn))
        (site / ".whole").touch()
    return site


def _write_hour(conn: Path, target: Path, form: str) -> None:
    """Write the logs of one hour, out of its conn.log."""
    table = pl.read_csv(
        conn, separator="\t", comment_prefix="#", has_header=False, quote_char=None, infer_schema=False,
        new_columns=conn_fields(conn),
    )  # fmt: skip
    types = dict(zip(*(_header(conn, key) for key in ("#fields", "#types")), strict=True))
    hour, packed = conn.name.removeprefix("conn."), ".gz" if form.endswith(".gz") else ""
    if form == "tsv":
        (target / conn.name).unlink(missing_ok=True)
        os.link(conn, target / conn.name)
    elif form == "tsv.gz":
        _put(target / f"{conn.name}.gz", conn.read_bytes())
    else:
        _put(target / f"conn.{hour}{packed}", _as_json(table, types))
    mails = table.filter(pl.col("conn_state") == "SF", pl.col("id.resp_p").is_in(["25", "465", "587"]))
    for name, make in _OTHERS.items():
        columns = {column.name: column.type for column in logs()[name].columns}
        rows = make(mails)
        known = [pl.col(column) if column in rows.columns else pl.lit("-").alias(column) for column in columns]
        rows = rows.select(known)
        text = _as_json(rows, columns) if form.startswith("json") else _as_tsv(name, rows, columns)
        _put(target / f"{name}.{hour}{packed}", text)


def conn_fields(path: Path) -> list[str]:
    """Return the names of a TSV log's columns."""
    return _header(path, "#fields")


def _header(path: Path, key: str) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return next(line.rstrip("\n").split("\t")[1:] for line in file if line.startswith(key))


def _given(**values: str | pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    exprs = {name: pl.lit(value) if isinstance(value, str) else value for name, value in values.items()}
    return lambda rows: rows.select(*_ID, **exprs)


def _clear(mails: pl.DataFrame) -> pl.DataFrame:
    return mails.filter(pl.col("id.resp_p") == "25", pl.col("service") == "smtp")


def _upgraded(mails: pl.DataFrame) -> pl.DataFrame:
    return mails.filter(pl.col("id.resp_p") == "587")


def _smtp(mails: pl.DataFrame) -> pl.DataFrame:
    last = pl.col("uid").str.slice(1, 3)
    sender = pl.format("user{}@example.org", last)
    clear = _given(
        trans_depth="1", helo="client.example.org", mailfrom=sender, tls="F", fuids="FaKe1",
        rcptto=pl.format("friend{}@example.net", last), last_reply="250 2.0.0 Ok: queued",
    )(_clear(mails))  # fmt: skip
    tls = _given(
        trans_depth="1", helo="client.example.org", mailfrom="-", tls="T", fuids="(empty)", rcptto="-",
        last_reply="220 2.0.0 Ready to start TLS",
    )(_upgraded(mails))  # fmt: skip
    return pl.concat([clear, tls]).sort("ts")


_SAID: Final = {
    "EHLO": ("client.example.org", "250", "mx.example.net"),
    "MAIL": ("FROM:<user@example.org>", "250", "2.1.0 Ok"),
    "RCPT": ("TO:<friend@example.net>", "250", "2.1.5 Ok"),
    "DATA": ("-", "250", "2.0.0 Ok: queued"),
    "QUIT": ("-", "221", "2.0.0 Bye"),
    "STARTTLS": ("-", "220", "2.0.0 Ready to start TLS"),
}


def _commands(rows: pl.DataFrame, *verbs: str) -> Iterator[pl.DataFrame]:
    for number, verb in enumerate(verbs, 1):
        arg, code, reply = _SAID[verb]
        yield _given(
            seq=str(number), command=verb, arg=arg, reply_code=code, reply_msg=reply, latency="0.010000", known="T"
        )(rows)


def _smtp_cmd(mails: pl.DataFrame) -> pl.DataFrame:
    clear = _commands(_clear(mails), "EHLO", "MAIL", "RCPT", "DATA", "QUIT")
    return pl.concat([*clear, *_commands(_upgraded(mails), "EHLO", "STARTTLS")]).sort("ts", "seq")


def _smtp_session(mails: pl.DataFrame) -> pl.DataFrame:
    common = {"banner": "220 mx.example.net ESMTP", "helo": "client.example.org", "esmtp": "T", "gap": "F"}
    common |= {"capabilities": "PIPELINING,SIZE 10240000,STARTTLS,8BITMIME", "starttls_offered": "T"}
    clear = _given(**common, starttls_requested="F", tls="F", quit="T", last_reply_code="221")(_clear(mails))
    tls = _given(**common, starttls_requested="T", tls="T", quit="F", last_reply_code="220")(_upgraded(mails))
    return pl.concat([clear, tls]).sort("ts")


def _smtp_auth(mails: pl.DataFrame) -> pl.DataFrame:
    return _given(
        seq="2", mechanism="PLAIN", initial_response="T", user=pl.format("user{}", pl.col("uid").str.slice(1, 2)),
        secret_kind="password", outcome="success", reply_code="235", reply_msg="2.7.0 Authentication successful",
    )(_clear(mails).gather_every(50))  # fmt: skip


def _ssl(mails: pl.DataFrame) -> pl.DataFrame:
    over = mails.filter(pl.col("id.resp_p").is_in(["465", "587"]))
    return _given(
        version="TLSv13", cipher="TLS_AES_256_GCM_SHA384", server_name="mx.example.net", established="T"
    )(over)  # fmt: skip


_OTHERS: Final = {
    "smtp": _smtp,
    "smtp_cmd": _smtp_cmd,
    "smtp_session": _smtp_session,
    "smtp_auth": _smtp_auth,
    "ssl": _ssl,
}


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, 6, mtime=0) if path.suffix == ".gz" else content)


def _as_tsv(name: str, rows: pl.DataFrame, types: dict[str, str]) -> bytes:
    head = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", f"#path\t{name}"]
    head += ["\t".join(["#fields", *types]), "\t".join(["#types", *types.values()])]
    body = rows.write_csv(include_header=False, separator="\t", quote_style="never")
    return ("\n".join(head) + "\n" + body + "#close\t2026-11-23-00-00-00\n").encode()


def _as_json(rows: pl.DataFrame, types: dict[str, str]) -> bytes:
    """Write lines as Zeek's JSON writer does: what is unset is left out."""
    pieces = [
        pl.when(pl.col(name) == "-").then(pl.lit("")).otherwise(_json_field(name, zeek)) for name, zeek in types.items()
    ]
    lines = rows.select(pl.concat_str(pl.lit("{"), pl.concat_str(pieces).str.strip_prefix(","), pl.lit("}\n")))
    return "".join(lines.to_series().to_list()).encode()


def _json_field(name: str, zeek: str) -> pl.Expr:
    value = pl.col(name)
    if zeek == "bool":
        value = value.replace({"T": "true", "F": "false"})
    elif "[" in zeek:
        inner = value.str.replace_all(",", '","', literal=True)
        value = (
            pl.when(value == "(empty)").then(pl.lit("[]")).otherwise(pl.concat_str(pl.lit('["'), inner, pl.lit('"]')))
        )
    elif zeek in _TEXTS:
        value = pl.concat_str(pl.lit('"'), value, pl.lit('"'))
    return pl.concat_str(pl.lit(f',"{name}":'), value)
