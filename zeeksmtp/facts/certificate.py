"""Certificates that mail servers showed, with the names that clients asked for. TLS 1.3 encrypts certificates."""

import polars as pl

from zeeksmtp.expressions.connections import seen_first
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "port", "certificate", "server_name")
_COMMON_NAME = r"(?:^|,)CN=((?:[^,\\]|\\.)+)"
_ADDRESS = r"^[0-9.]+$|:"


def _known(tables: Tables) -> pl.LazyFrame:
    """Return what x509.log says of the certificates that mail servers showed.

    RFC 5280 (4.1.2.5) writes "no end" as the year 9999, which is taken for milliseconds: such an end lies before the
    beginning, and is none.
    """
    shown = tables["handshake"].select("certificate").drop_nulls().unique()
    before, after = pl.col("certificate.not_valid_before"), pl.col("certificate.not_valid_after")
    rows = tables["x509"].select(
        pl.coalesce("fingerprint", "id").alias("certificate"),
        "ts",
        "certificate.subject",
        before.alias("not_before"),
        pl.when(after > before).then(after).alias("not_after"),
        # RFC 6125, 6.4.4: the common name counts only where no DNS name stands.
        pl.when(pl.col("san.dns").list.len() > 0)
        .then("san.dns")
        .otherwise(pl.concat_list(pl.col("certificate.subject").str.extract(_COMMON_NAME)).list.drop_nulls())
        .list.eval(pl.element().str.to_lowercase())
        .alias("names"),
    )
    newest = rows.join(shown, on="certificate", how="semi").sort("ts", "certificate.subject")
    return newest.unique("certificate", keep="last", maintain_order=True).drop("ts", "certificate.subject")


def _fits() -> pl.Expr:
    """Match a name asked for that the certificate is for (RFC 6125, 6.4.3: `*` stands for the leftmost label)."""
    wildcard = pl.concat_str(pl.lit("*."), pl.col("server_name").str.extract(r"^[^.]+\.(.+)$"))
    names = pl.col("names")
    return names.list.contains(pl.col("server_name")) | names.list.contains(wildcard).fill_null(value=False)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server, port, certificate and requested name."""
    shown = tables["handshake"].filter(pl.col("certificate").is_not_null())
    rows = shown.join(_known(tables), on="certificate", how="left")
    # An address is no name (RFC 6066, 3), though some clients request one.
    is_name = pl.col("server_name").is_not_null() & ~pl.col("server_name").str.contains(_ADDRESS)
    other = (is_name & (pl.col("names").list.len() > 0) & ~_fits()).fill_null(value=False)
    return (
        rows.group_by(_KEY)
        .agg(
            pl.col("direction").is_in(["inbound", "internal"]).any().alias("local"),
            pl.col("not_before", "not_after", "names").first(),
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("sessions").sum(),
            seen_first("shown"),
        )
        .with_columns(other.alias("misnamed"), pl.col("names").fill_null([]))
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="certificate",
    doc="One row per server, port, certificate that it showed, and name that clients requested.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("certificate", "string", "fingerprint or file id of the certificate"),
        Column("server_name", "string", "name that clients requested (SNI), lower case; null: none"),
        Column("misnamed", "bool", "the certificate is not for that name"),
        Column("local", "bool", "the server is one of the site's own"),
        Column("not_before", "time", "first moment at which it is valid; null: not in x509.log"),
        Column("not_after", "time", "last moment at which it is valid; null: not in x509.log, or no end"),
        Column("names", "vector[string]", "names that it is for, lower case"),
        Column("first", "time", "first such handshake"),
        Column("last", "time", "last such handshake"),
        Column("sessions", "count", "such handshakes"),
        Column("shown", "vector[seen]", "first 20 of these by (ts, uid)"),
    ),
    needs=("handshake", "x509"),
    plan=plan,
)
