"""Recipients of inbound transactions of which smtp.log alone knows: what shows relaying where no command is logged."""

import polars as pl

from zeeksmtp.facts._reply import domain_of
from zeeksmtp.model import RELAY_PORTS, Tables

_CONNECTION = ("uid", "client", "server")
_DEFERRED_CODES = (450, 451, 452)
_RELAYING = r"(?i)relay"


def envelopes(tables: Tables) -> pl.LazyFrame:
    """Return the recipients of inbound transactions on relay ports without a logged command or login, one a row.

    `relay_denied`: the transaction brought no mail. `says_relay`: the last reply speaks of relaying.
    """
    logged = [tables[name].select(_CONNECTION) for name in ("command", "auth")]
    content, deferred = pl.col("content").fill_null(value=True), pl.col("reply_code").is_in(_DEFERRED_CODES)
    return (
        tables["message"]
        .filter(pl.col("direction") == "inbound", pl.col("port").is_in(RELAY_PORTS))
        .join(pl.concat(logged).unique(), on=list(_CONNECTION), how="anti")
        .explode("recipient_names")
        .select(
            *_CONNECTION,
            "ts",
            "sender_domain",
            # Whether "250 Ok" took a mail without a body or answers RSET is not known: it counts for neither.
            pl.col("accepted") & pl.col("content").fill_null(value=False),
            pl.col("content").is_not_null().alias("is_known"),
            pl.col("recipient_names").alias("name"),
            domain_of(pl.col("recipient_names")).alias("domain"),
            (~content & ~pl.col("accepted") & ~deferred.fill_null(value=False)).alias("relay_denied"),
            pl.col("reply_msg").fill_null("").str.contains(_RELAYING).alias("says_relay"),
        )
        .filter(pl.col("domain").is_not_null())
    )
