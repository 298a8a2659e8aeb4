"""What servers answer, in the words of the software they run (seen on the wire of the recordings).

`replies.tsv` has one line per software (`any`: all that have no words of their own), verb and verdict. In a text, `{a}`
is the name in question, `{c}` the client, `{n}` the server's own name; an enhanced status stands at its beginning.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

SOFTWARE = ("postfix", "exim", "exchange", "sendmail")
BANNERS = {
    "postfix": " ESMTP Postfix",
    "exim": " ESMTP Exim 4.96 Mon, 23 Nov 2026 18:30:36 +0000",
    "exchange": " Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 18:30:36 +0000",
    "sendmail": " ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Mon, 23 Nov 2026 18:30:36 GMT",
}
CAPABILITIES = {
    "postfix": "PIPELINING,SIZE 10240000,VRFY,ETRN,ENHANCEDSTATUSCODES,8BITMIME,DSN,SMTPUTF8,CHUNKING",
    "exim": "SIZE 52428800,8BITMIME,VRFY,EXPN,PIPELINING,PIPECONNECT,CHUNKING,SMTPUTF8,HELP",
    "exchange": "SIZE 37748736,PIPELINING,DSN,ENHANCEDSTATUSCODES,8BITMIME,BINARYMIME,CHUNKING,SMTPUTF8",
    "sendmail": "ENHANCEDSTATUSCODES,PIPELINING,EXPN,VERB,8BITMIME,SIZE,DSN,ETRN,DELIVERBY,HELP",
}
_FILE = Path(__file__).with_name("replies.tsv")
_PARTS = r"^([^{]*)(?:\{([acn])\})?(.*)$"


def replies() -> pl.DataFrame:
    """Return every reply by software, verb and verdict: code, status, text in three parts (head, slot, tail)."""
    read = pl.read_csv(_FILE, separator="\t", quote_char=None, null_values="-", schema_overrides={"code": pl.UInt64})
    parts = pl.col("text").fill_null("").str.extract_groups(_PARTS).struct.rename_fields(["head", "slot", "tail"])
    own = read.with_columns(parts.alias("parts")).unnest("parts").drop("text")
    general = own.filter(pl.col("software") == "any").drop("software")
    every = general.join(pl.DataFrame({"software": SOFTWARE}), how="cross")
    key = ["software", "verb", "verdict"]
    named = own.filter(pl.col("software") != "any")
    columns = [*key, "code", "status", "head", "slot", "tail"]
    return pl.concat([every.join(named, on=key, how="anti").select(columns), named.select(columns)])
