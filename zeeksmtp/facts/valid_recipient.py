"""Recipients that servers of the site took mail for: names that a client may know without asking for them."""

import polars as pl

from zeeksmtp.facts._merging import merged
from zeeksmtp.facts._unlogged import unlogged_mails
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server and recipient."""
    taken = unlogged_mails(tables).filter("accepted").select("server", name="recipient_names")
    return taken.explode("name").drop_nulls().unique()


FACT = Fact(
    name="valid_recipient",
    doc="One row per server of the site and recipient of a mail that it took, where no command is logged.",
    columns=(
        Column("server", "addr", "the server"),
        Column("name", "string", "the recipient in its normal form"),
    ),
    needs=("message", "command"),
    plan=plan,
    daily=True,
    merge=lambda days: merged(days, ("server", "name")),
)
