"""Days and hours of the site's clock."""

import polars as pl

from zeeksmtp.model import Site


def hour_of(ts: str, site: Site) -> pl.Expr:
    """Give the full hour of the site's own clock (some zones are off by half an hour), as UTC."""
    local = pl.col(ts).dt.convert_time_zone(site.timezone)
    return local.dt.truncate("1h").dt.convert_time_zone("UTC")


def day_of(ts: str, site: Site) -> pl.Expr:
    """Give the day of the site's calendar, as its midnight in UTC: not every local midnight exists."""
    return pl.col(ts).dt.convert_time_zone(site.timezone).dt.date().cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
