"""An account was taken over: it is used as its owner would not use it.

What it sees: accepted logins in clear (table `auth`) and the mails of the same connections (table `account_use`), per
account and server. It fires when one UTC day has accepted logins from `min_networks` networks (autonomous systems
where an `mmdb` of the operator names them, else /16, IPv6 /32) or more, or from `some_networks` where a day had
`many_recipients`; when the account sent mail as `min_identities` other senders, of at least two domains; or when a
day's recipients exceed the account's own past (at least `history_days` days, upper tail of its daily counts at alpha).
One finding per account, for all its servers; `count` is the number of accepted logins. High. Without a login in sight,
the envelope sender of submitted mails (table `sender_day`; at a relay also of mails that it sends on) very likely is
the account: inferred and medium if a day's recipients, at most ten for each mail, exceed its own past, or, without
one, if there are `many_recipients` and more than others at the same server explain (upper tail at alpha, never
narrower than a geometric one). With a login of that account in sight this is observed, and high. Where the account is
inferred, `count` is the number of mails.

Why it matters: one person is not in five networks a day. A stolen account is sold, and its buyers log in from
everywhere and send as anybody.

Benign causes: a mobile phone that changes networks (two or three a day); a forwarder or a scan-to-mail device that
sends under the names of its users (of one domain); a mailing by an assistant; a newsletter on the first day of the
logs, from an address that does not say so (set the role of its host to `bulk-sender`).

What to do: change the password, end its sessions, review what it sent and to whom, and warn the recipients.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._account_volume import ACCOUNT, DAY, above_past
from zeeksmtp.detectors._finding import details, entity, number_of_kinds, terms, text_if, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.detectors._probable_accounts import taken
from zeeksmtp.detectors._remedy import BLOCK, CHANGE_PASSWORD_NOW, REVIEW_MAIL
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Advice, Context, Detector, Params, Tables


class AccountAbuseParams(Params):
    """When the use of an account is abuse."""

    min_networks: int = Field(
        5, ge=2, description="networks with accepted logins in a day; Source: our choice, phones have 2-3"
    )
    min_identities: int = Field(5, ge=2, description="other sender addresses; Source: our choice, assistants have 1-2")
    history_days: int = Field(
        7, ge=3, description="days of the account's own past; Source: our choice, each weekday once"
    )
    some_networks: int = Field(
        3, ge=2, description="networks in a day that weigh together with many recipients; Source: our choice"
    )
    many_recipients: int = Field(
        100,
        ge=1,
        description="recipients in a day that weigh together with some networks, or with no past of the account; "
        "Source: rspamd and CIPP, 100 an hour",
    )
    min_recipients: int = Field(30, ge=1, description="recipients in a day, at least; Source: SPOT's count of 30")


def _logins(tables: Tables) -> pl.LazyFrame:
    return tables["auth"].filter(pl.col("outcome") == "success", pl.col("account").fill_null("") != "")


def _places(use: pl.LazyFrame) -> pl.LazyFrame:
    daily = use.filter(pl.col("network").is_not_null()).group_by(DAY).agg(pl.col("network").n_unique())
    return daily.group_by(ACCOUNT).agg(pl.col("network").max().alias("networks"))


def _busiest(sent: pl.LazyFrame) -> pl.LazyFrame:
    return sent.group_by(ACCOUNT).agg(pl.col("recipients").max().alias("day_recipients"))


def _identities(use: pl.LazyFrame) -> pl.LazyFrame:
    return (
        use.filter(pl.col("sender").is_not_null())
        .group_by(ACCOUNT)
        .agg(
            pl.col("sender").n_unique().alias("identities"),
            pl.col("sender_domain").n_unique().alias("identity_domains"),
            pl.col("sender").unique().sort().head(20).alias("sent_as"),
        )
    )


def _kinds(params: AccountAbuseParams) -> dict[str, tuple[str, pl.Expr]]:
    """Return the kinds of abuse: the column that counts it, and whether it holds."""
    many = pl.col("day_recipients") >= params.many_recipients
    networks = pl.col("networks")
    return {
        "networks_in_a_day": (
            "networks",
            (networks >= params.min_networks) | ((networks >= params.some_networks) & many),
        ),
        "other_identities": (
            "identities",
            (pl.col("identities") >= params.min_identities) & (pl.col("identity_domains") >= 2),
        ),
        "most_recipients_in_a_day": ("most_in_a_day", pl.col("most_in_a_day").is_not_null()),
    }


def _signs(kinds: dict[str, tuple[str, pl.Expr]]) -> pl.Expr:
    """Return the kinds of abuse that hold, in words."""
    usual = pl.col("usual_in_a_day").fill_null(0).round(1)
    words = {
        "networks_in_a_day": pl.format("logins from {} networks in one day", "networks"),
        "other_identities": pl.format("mail from {} other sender addresses", "identities"),
        "most_recipients_in_a_day": pl.format("{} recipients in one day (usual: {})", "most_in_a_day", usual),
    }
    each = [text_if(kinds[name][1].fill_null(value=False), text) for name, text in words.items()]
    return pl.concat_list(each)


def _worst(used: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row per account: the worst over the servers at which it is abused."""
    return used.group_by("account").agg(
        pl.col("networks", "identities", "identity_domains", "day_recipients", "most_in_a_day").max(),
        pl.col("usual_in_a_day").min(),
        pl.col("sent_as").explode().drop_nulls().unique().sort(),
    )


def _used(use: pl.LazyFrame, suspects: pl.LazyFrame, params: AccountAbuseParams, context: Context) -> pl.LazyFrame:
    """Return one row per account with logins and server, with what tells abuse; `suspects` as `taken` returns them."""
    sent = use.filter(pl.col("recipients").is_not_null()).group_by(DAY).agg(pl.col("recipients").sum()).cache()
    used = _places(use)
    for part in (_busiest(sent), _identities(use), above_past(sent, params, context)):
        used = used.join(part, on=list(ACCOUNT), how="left")
    volumes = suspects.group_by(_local_part("sender").alias("own"), "server").agg(
        pl.col("most_in_a_day").max().alias("most"), pl.col("usual_in_a_day").min().alias("usual")
    )
    known = used.with_columns(_local_part("account").alias("own")).join(volumes, on=["own", "server"], how="left")
    return known.with_columns(
        pl.coalesce("most_in_a_day", "most").alias("most_in_a_day"),
        pl.coalesce("usual_in_a_day", "usual").alias("usual_in_a_day"),
    )


def _local_part(name: str) -> pl.Expr:
    return pl.col(name).str.extract(r"^([^@]*)")


def _observed(abused: pl.LazyFrame, logins: pl.LazyFrame, kinds: dict[str, tuple[str, pl.Expr]]) -> pl.LazyFrame:
    """Return one finding per account that was seen logging in."""
    found = (
        logins.join(abused.select(ACCOUNT), on=list(ACCOUNT), how="semi")  # most are not, and cost nothing from here on
        .group_by("account")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("server").unique().sort().alias("servers"),
            pl.col("user").unique().sort().alias("accounts"),
            first_uids().alias("uids"),
        )
    )
    number = number_of_kinds(kinds)
    return to_findings(
        found.join(_worst(abused), on="account").with_columns(
            entity("account"),
            pl.lit("high").alias("severity"),
            pl.when(number > 1).then(pl.lit("high")).otherwise(pl.lit("medium")).alias("confidence"),
            terms(
                *(
                    evidence(name, pl.col(column).fill_null(0), holds.fill_null(value=False).cast(pl.Float64))
                    for name, (column, holds) in kinds.items()
                ),
                evidence("usual_recipients_in_a_day", pl.col("usual_in_a_day").fill_null(0).round(1), 0.0),
                evidence("logins", pl.col("count"), 0.0),
                evidence("mails_without_login", pl.lit(0), 0.0),
            ),
            details(use=_counted("successful login"), signs=_signs(kinds), sent_as=pl.col("sent_as").fill_null([])),
        )
    )


def _inferred(suspects: pl.LazyFrame) -> pl.LazyFrame:
    """Return one finding per account that an envelope sender suggests."""
    found = suspects.group_by("account").agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("mails").sum().alias("count"),
        pl.col("clients").explode().drop_nulls().unique().sort().head(100),
        pl.col("server").unique().sort().alias("servers"),
        pl.col("sender").unique().sort().alias("accounts"),
        pl.col("uids").explode().drop_nulls().unique(maintain_order=True).head(20),
        pl.col("most_in_a_day").max(),
        pl.col("usual_in_a_day").min(),
        pl.col("has_past").any(),
    )
    reference = pl.when("has_past").then(pl.lit("usual")).otherwise(pl.lit("others at the server"))
    usual = pl.col("usual_in_a_day").round(1)
    sign = pl.format("{} recipients in one day ({}: {})", "most_in_a_day", reference, usual)
    return to_findings(
        found.with_columns(
            entity("account"),
            pl.lit("medium").alias("severity"),
            pl.when("has_past").then(pl.lit("medium")).otherwise(pl.lit("low")).alias("confidence"),
            pl.lit("inferred").alias("visibility"),
            terms(
                evidence("most_recipients_in_a_day", pl.col("most_in_a_day")),
                evidence("usual_recipients_in_a_day", usual, 0.0),
                evidence("logins", pl.lit(0), 0.0),
                evidence("mails_without_login", pl.col("count"), 0.0),
            ),
            details(use=_counted("mail", " under that sender"), signs=pl.concat_list(sign)),
        )
    )


def _counted(unit: str, rest: str = "") -> pl.Expr:
    """Return `count` with its unit, as a list of one text."""
    text = pl.when(pl.col("count") == 1).then(pl.lit(f"1 {unit}{rest}"))
    return pl.concat_list(text.otherwise(pl.format(f"{{}} {unit}s{rest}", "count")))


def plan(tables: Tables, params: AccountAbuseParams, context: Context) -> pl.LazyFrame:
    """Return one finding per account."""
    suspects = taken(tables, params, context).cache()
    kinds = _kinds(params)
    used = _used(tables["account_use"], suspects, params, context)
    abused = used.filter(number_of_kinds(kinds) > 0).cache()
    logins = _logins(tables).filter(context.window.covers())
    rest = suspects.join(abused.select("account"), on="account", how="anti")
    return pl.concat([_observed(abused, logins, kinds), _inferred(rest)])


DETECTOR = Detector(
    id="account-abuse",
    title="Account takeover: {accounts}",
    summary="{use} at {servers}: {signs}.",
    actions=(
        Advice(CHANGE_PASSWORD_NOW, when=("logins",)),
        Advice(
            "Ask the owner of {accounts} about these mails; change the password if they are not theirs.",
            when=("mails_without_login",),
        ),
        Advice(REVIEW_MAIL),
        Advice(BLOCK, when=("client-outside",)),
    ),
    attack=("T1078", "T1534"),
    needs=("auth", "account_use", "domain_use", "role", "sender_day"),
    required_logs=("smtp_auth",),
    inferred_from=("smtp",),
    replaces=("account-abuse",),
    params=AccountAbuseParams,
    plan=plan,
    stage="abuse",
    compromises_credentials=True,
    technique="Account takeover",
    convicts=True,
)
