"""Days and hours: in UTC as keys, like the lake's partitions; of the site's clock where people compare."""

import polars as pl

from zeeksmtp.model import Site


def utc_hour() -> pl.Expr:
    """Return the UTC hour of `ts`."""
    return pl.col("ts").dt.truncate("1h")


def mail_hour() -> pl.Expr:
    """Return the UTC hour that a mail counts for: its own, but none after the day on which its session `started`.

    All rows of a session belong to that day: else one hour of a client could have rows in two partitions.
    """
    end_of_day = pl.coalesce("started", "ts").dt.truncate("1d") + pl.duration(hours=23)
    return pl.min_horizontal(utc_hour(), end_of_day)


def day_of(ts: str, site: Site) -> pl.Expr:
    """Return the day of the site's calendar, as its midnight in UTC: not every local midnight exists."""
    return pl.col(ts).dt.convert_time_zone(site.timezone).dt.date().cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
