"""Addresses of mail providers, as name servers gave them to the site's hosts (dns.log)."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables
from zeeksmtp.services.providers import PROVIDERS

_KEY = ("server", "provider", "submission")
_ADDRESS = r"^[0-9.]+$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$"


def _is_of(name: str) -> pl.Expr:
    provider, query = PROVIDERS[name], pl.col("query")
    ends = [query.str.ends_with(suffix) for suffix in provider.mx_suffixes]
    return pl.any_horizontal(query.is_in(provider.submission_names), *ends)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per address, provider and whether clients log in at that name."""
    names = [name for provider in PROVIDERS.values() for name in provider.submission_names]
    rows = tables["dns"].select(
        "ts",
        pl.coalesce(pl.when(_is_of(name)).then(pl.lit(name)) for name in PROVIDERS).alias("provider"),
        pl.col("query").is_in(names).alias("submission"),
        pl.col("query").alias("name"),
        pl.col("answers").alias("server"),
    )
    addresses = rows.filter(pl.col("provider").is_not_null()).explode("server")
    found = addresses.filter(pl.col("server").str.contains(_ADDRESS))
    return found.group_by(_KEY).agg(pl.col("ts").max().alias("last"), pl.col("name").sort_by("ts", "name").last())


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(pl.col("last").max(), pl.col("name").sort_by("last", "name").last())


FACT = Fact(
    name="provider",
    doc="One row per address of a mail provider that a name server gave.",
    columns=(
        Column("server", "addr", "the address"),
        Column("provider", "string", "the provider"),
        Column("submission", "bool", "clients log in at the name; else it takes mail from anybody"),
        Column("last", "time", "when it was given last"),
        Column("name", "string", "the name that was looked up last"),
    ),
    needs=("dns",),
    plan=plan,
    daily=True,
    merge=_merged,
)
