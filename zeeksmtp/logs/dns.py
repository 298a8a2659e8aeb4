"""dns.log: look-ups of MX records, of mail providers, and of services that echo the address of who asks.

A workstation that looks up MX records delivers mail by itself. Answers about providers name their addresses. A host
that asks an address-echo service and submits mail outside right after may run a stealer, which puts the victim's
address into what it mails. Answers about hosts that are named like mail servers give addresses their names.
"""

import polars as pl

from zeeksmtp.model import Column, Hint, Log
from zeeksmtp.model.connection import CONNECTION
from zeeksmtp.services.address_echo import ADDRESS_ECHO
from zeeksmtp.services.providers import ALL_NAMES, ALL_SUFFIXES

_MX = 15  # RFC 1035, 3.2.2
_ADDRESS_TYPES = (1, 28)  # A, and AAAA of RFC 3596
_MAIL_WORDS = ("mail", "smtp", "mx")
_MAIL_HOST = rf"(?i)^[a-z0-9-]*(?:{'|'.join(_MAIL_WORDS)})[a-z0-9-]*\."
"""How mail servers are named: their first label says mail, smtp or mx (`mx1`, `mailgw`, `smtp-out`)."""


def _is_provider() -> pl.Expr:
    """Return a boolean expression: the query is for a server of a mail provider."""
    suffixes = pl.any_horizontal(pl.col("query").str.ends_with(suffix) for suffix in ALL_SUFFIXES)
    return (pl.col("query").is_in(ALL_NAMES) | suffixes).fill_null(value=False)


def _is_mail_host() -> pl.Expr:
    """Return a boolean expression: the query is for the address of a host that is named as mail servers are."""
    asks_address = pl.col("qtype").is_in(_ADDRESS_TYPES) | pl.col("qtype_name").is_in(["A", "AAAA"])
    return (asks_address & pl.col("query").str.contains(_MAIL_HOST)).fill_null(value=False)


def concerns() -> pl.Expr:
    """Return a boolean expression: the query is for MX, a mail server's address, or an address-echo service."""
    asks_mx = ((pl.col("qtype") == _MX) | (pl.col("qtype_name") == "MX")).fill_null(value=False)
    return asks_mx | _is_provider() | _is_mail_host() | pl.col("query").is_in(ADDRESS_ECHO).fill_null(value=False)


LOG = Log(
    name="dns",
    doc="look-ups of MX records, mail providers and address-echo services",
    unseen="look-ups of MX records, mail providers and address-echo services are not visible",
    columns=(
        *CONNECTION,
        Column("query", "string", "the domain asked for"),
        Column("qtype", "count", "query type; MX is 15"),
        Column("qtype_name", "string", "query type by name"),
        Column("rcode_name", "string", "how the name server answered"),
        Column("answers", "vector[string]", "the answers: addresses and names"),
    ),
    hint=Hint(
        values={"qtype": (str(_MX),), "qtype_name": ("MX",)},
        text=(*_MAIL_WORDS, *ALL_NAMES, *ALL_SUFFIXES, *ADDRESS_ECHO),
    ),
    concerns=concerns,
)
