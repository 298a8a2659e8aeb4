"""STARTTLS is removed on the path between client and server.

What it sees: sessions (table `session`) of one client and server in which STARTTLS is masked (eight letters, all X but
perhaps the last, as Cisco's inspection writes it; it masks other keywords, too, such as CHUNKING), or the greeting is
all asterisks and STARTTLS is not offered, or STARTTLS was refused (4xx, 5xx) while it works for others, or a server
that offers STARTTLS to at least `min_offered_share` of its other clients within three days (at least
`min_other_clients`, or `min_alike_clients` where all else that it answers to EHLO is the same), and did so before, does
not offer it all day to this one, which said EHLO. One finding per client and server, severity high; `count` is the
number of such sessions. A mask is STARTTLS where the same answer (line for line keywords of the same length) has
STARTTLS in that place elsewhere, from this server or another; it is none where this server has another keyword there. A
mask that nothing explains, and a masked greeting of a server that never offers STARTTLS, are low and of low confidence.
A server that refuses what it offers to everybody is one finding: medium while it has one client, since nobody can tell
an attacker from a broken certificate (both say 454, RFC 3207), low with more, where the server is the likelier cause.

Why it matters: clients that use TLS "if available" then speak in clear, passwords included (Durumeric et al. 2015).

Benign causes: a firewall's own mail inspection (Cisco ASA's is on by default): no attacker, but the same effect; a
server that withholds STARTTLS from some clients on purpose (Postfix: smtpd_discard_ehlo_keyword_address_maps); a
server whose certificate is broken answers 454 to everybody.

What to do: find the box on the path and switch its inspection off for SMTP; make clients require TLS (port 465);
change the passwords that went by meanwhile.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import details, entity, severity, terms, text_if, to_findings, who
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.facts.starttls_offer import SIGNS
from zeeksmtp.model import Advice, Context, Detector, Params, Tables

_PAIR = ("client", "server")
_PORT = ("server", "port")
_AROUND_DAYS = 3
_WORDS = {
    "masked": "keyword masked in {}",
    "starred": "greeting masked in {}",
    "starttls_refused": "rejected in {}",
    "withheld": "withheld in {}",
}


class StrippedParams(Params):
    """When a missing offer is a stripped one."""

    min_offered_share: float = Field(
        0.6,
        gt=0.5,
        le=1,
        description="share of a server's other clients that are offered STARTTLS; Source: 'most clients'",
    )
    min_other_clients: int = Field(
        3,
        ge=2,
        description="other clients that were offered STARTTLS then; Source: our choice, two may be one person",
    )
    min_alike_clients: int = Field(
        1,
        ge=1,
        description="other clients that are enough where the server's answer to EHLO is else the same to the letter; "
        "Source: our choice, more of them exclude nothing that the same answer does not; one alone: low confidence",
    )


def _unmasked(signs: pl.LazyFrame) -> pl.LazyFrame:
    """Add `explained` (other answers show STARTTLS in that place); `masked` is false where they show another keyword.

    A masked STARTTLS had been offered. `greeting_rewritten`: the greeting is masked, and the server offers STARTTLS.
    """

    def every(places: str) -> pl.Expr:
        return pl.col(places).explode().drop_nulls().unique()

    # Few rows have a mask: only these get the places of their server, and of all servers.
    masked, rest = signs.filter("masked"), signs.filter(~pl.col("masked"))
    others = signs.join(masked.select("server").unique(), on="server", how="semi")
    own = others.group_by("server").agg(every("starttls_at").alias("own"), every("others_at").alias("not"))
    known = signs.select(every("starttls_at").implode().alias("known"))
    masks = pl.col("masks").list
    maybe = masks.set_difference("not").list
    explained = (masks.set_intersection("own").list.len() > 0) | (maybe.set_intersection("known").list.len() > 0)
    judged = (
        masked.join(own, on="server", how="left")
        .join(known, how="cross")
        .with_columns((explained | (maybe.len() > 0)).alias("masked"), explained.alias("explained"))
        .drop("own", "not", "known")
    )
    offers = signs.group_by("server").agg(pl.col("starttls_offered").any().alias("offers"))
    return (
        pl.concat([rest.with_columns(pl.lit(value=False).alias("explained")), judged])
        .join(offers, on="server", how="left")
        .with_columns(
            (pl.col("starttls_offered") | pl.col("explained")).alias("starttls_offered"),
            (pl.col("starred") & pl.col("offers")).alias("greeting_rewritten"),
        )
        .drop("offers")
    )


def _answers(signs: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per client and day of a server: whether it offered STARTTLS, and what else it answered to EHLO.

    Only servers that offer it in some sessions and not in others.
    """
    greeted = signs.filter("ehlo")
    mixed = greeted.group_by(_PORT).agg(
        pl.col("starttls_offered").any().alias("some"), pl.col("starttls_offered").all().alias("all")
    )
    rest = greeted.join(mixed.filter(pl.col("some"), ~pl.col("all")), on=list(_PORT), how="semi")
    return rest.group_by(*_PORT, "day", "client").agg(pl.col("starttls_offered").any(), pl.col("answer").max()).cache()


def _others(signs: pl.LazyFrame, params: StrippedParams) -> pl.LazyFrame:
    """Return client-days without an offer while the server offered STARTTLS to most others around that day."""
    clients = _answers(signs)
    near = pl.concat_arr([pl.col("day") + timedelta(days=d) for d in range(-_AROUND_DAYS, _AROUND_DAYS + 1)])
    nearby = clients.with_columns(near.arr.to_list().alias("day")).explode("day").cache()
    offered = pl.col("client").filter(pl.col("starttls_offered")).n_unique()
    around = nearby.group_by(*_PORT, "day").agg(
        offered.alias("others_offered"), pl.col("client").n_unique().alias("others")
    )
    alike = nearby.group_by(*_PORT, "day", "answer").agg(offered.alias("alike_offered"))
    enough = (pl.col("others_offered") >= params.min_other_clients) | (
        pl.col("alike_offered") >= params.min_alike_clients
    )
    most = pl.col("others_offered") >= params.min_offered_share * (pl.col("others") - 1)
    # Before its first offer the server did not have STARTTLS; after its last it was switched off.
    span = (
        clients.filter(pl.col("starttls_offered"))
        .group_by(_PORT)
        .agg(pl.col("day").min().alias("since"), pl.col("day").max().alias("till"))
    )
    lacking = (
        clients.filter(~pl.col("starttls_offered"))
        .join(around, on=[*_PORT, "day"])
        .join(alike, on=[*_PORT, "day", "answer"])
        .join(span, on=list(_PORT))
    )
    return lacking.filter(enough, most, pl.col("day").is_between("since", "till")).select(
        *_PORT, "day", "client", "others_offered", withheld=pl.lit(value=True)
    )


def _suspicious(signs: pl.LazyFrame, params: StrippedParams) -> pl.LazyFrame:
    """Return the rows in the window that show a sign, with `withheld` and `from_all`: refused to everybody.

    `stripped_client` is null for the latter: they are about the server.
    """
    signs = _unmasked(signs).cache()
    worked = signs.group_by("server").agg(pl.col("tls").any().alias("works"))
    from_all = (
        pl.col("starttls_refused")
        & ~pl.col("works")
        & pl.col("starttls_offered")
        & ~pl.any_horizontal("masked", "starred")
    )
    rows = (
        signs.filter("judged", pl.any_horizontal(*SIGNS, ~pl.col("starttls_offered")))
        .join(_others(signs, params), on=["server", "port", "day", "client"], how="left")
        .join(worked, on="server", how="left")
        .with_columns(
            (pl.col("withheld").fill_null(value=False) & pl.col("ehlo")).alias("withheld"),
            (pl.col("starttls_refused") & (pl.col("works") | pl.col("starttls_offered"))).alias("starttls_refused"),
            from_all.alias("from_all"),
        )
    )
    stripped_client = pl.when(~pl.col("from_all")).then("client").alias("stripped_client")
    return rows.filter(pl.any_horizontal(*SIGNS, "withheld")).with_columns(stripped_client)


def plan(tables: Tables, params: StrippedParams, _context: Context) -> pl.LazyFrame:
    """Return one finding per client and server, and per server that refuses STARTTLS to all clients."""
    signs_of = (*SIGNS, "withheld")
    found = (
        _suspicious(tables["starttls_offer"], params)
        .group_by("stripped_client", "server")
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            *((pl.col(sign) * pl.col("sessions")).sum() for sign in signs_of),
            pl.col("sessions").sum().alias("count"),
            pl.col("client").unique().sort().alias("clients"),
            pl.col("others_offered").max().fill_null(0),
            pl.any_horizontal("explained", "greeting_rewritten").any().alias("rewritten"),
            pl.col("port").cast(pl.String).unique().sort().alias("ports"),
            pl.col("auth_attempts").sum().alias("logins"),
            pl.col("from_all").any(),
            seen_first("sightings"),
        )
        .with_columns(pl.concat_list("server").alias("servers"), uids_seen("sightings"))
    )
    several = pl.col("clients").list.len() > 1
    witnessed = (pl.col("starttls_refused") > 0) | (pl.col("others_offered") > 1)
    return to_findings(
        found.with_columns(
            entity("stripped_client", "server"),
            severity(
                {
                    "low": pl.col("from_all") & several,
                    "medium": pl.col("from_all"),
                    "high": pl.col("rewritten") | (pl.col("starttls_refused") + pl.col("withheld") > 0),
                },
                otherwise="low",
            ),
            pl.when("rewritten")
            .then(pl.lit("high"))
            .when(witnessed & ~pl.col("from_all"))
            .then(pl.lit("medium"))
            .otherwise(pl.lit("low"))
            .alias("confidence"),
            pl.col("clients").list.head(100),
            terms(
                *(evidence(f"sessions_{sign.removeprefix('starttls_')}", pl.col(sign)) for sign in signs_of),
                evidence("others_offered", pl.col("others_offered"), 0.0),
                evidence("logins_meanwhile", pl.col("logins"), 0.0),
                evidence("refused_to_all_clients", pl.col("from_all"), 0.0),
            ),
            details(
                how=pl.concat_list(
                    pl.when("from_all").then(pl.lit("refused after it was offered")).otherwise(pl.lit("stripped"))
                ),
                who=who(pl.col("clients").list.len()),
                ports=pl.col("ports"),
                signs=pl.concat_list(text_if(pl.col(sign) > 0, pl.format(text, sign)) for sign, text in _WORDS.items()),
                note=text_if(pl.col("logins") > 0, pl.format("Logins in clear meanwhile: {}.", "logins")),
            ),
        )
    )


DETECTOR = Detector(
    id="starttls-stripped",
    title="STARTTLS {how}: {who} → {servers}",
    summary="STARTTLS missing in {count:session} on port {ports}: {signs}.{note: %}",
    actions=(
        Advice("Check certificate and TLS settings of {servers}.", when=("refused_to_all_clients", "server-local")),
        Advice(
            "Tell the administrator of {servers} that it offers STARTTLS and refuses it.",
            owner="outside",
            when=("refused_to_all_clients", "server-outside"),
        ),
        Advice("Find the device between {clients} and {servers} that rewrites SMTP, and disable its SMTP inspection."),
        Advice("Configure {clients} to require TLS for SMTP.", when=("client-local",)),
        Advice("Change the passwords that were sent in clear meanwhile.", when=("logins_meanwhile",)),
    ),
    attack=("T1557", "T1689"),
    needs=("starttls_offer",),
    required_logs=("smtp_session",),
    params=StrippedParams,
    plan=plan,
    stage="exposure",
    technique="STARTTLS stripping",
    symptom=True,
)
