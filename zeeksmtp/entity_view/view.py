"""From an analysis to the view of one host or one account."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, Literal

import polars as pl

from zeeksmtp.correlate.suppress import bare_account
from zeeksmtp.entity_view.shapes import EntityView
from zeeksmtp.entity_view.tables import counts_of, logins_of, peers_of, sessions_of
from zeeksmtp.execution import Engine
from zeeksmtp.model import ClientPosture, HostRole, ServerPosture, Tables
from zeeksmtp.pipeline import Analysis
from zeeksmtp.report.entries import EntrySource
from zeeksmtp.report.filters import Filter, is_same_account
from zeeksmtp.report.overview import posture_tables

_SAME_SESSION = ("uid", "client", "client_port", "server", "port")


def host_view(made: Analysis, address: str) -> EntityView | None:
    """Return what is known of a host; `None` if nothing names it."""
    collect = made.engine.collect
    inside = made.request.window.covers()
    is_client, is_server = pl.col("client") == address, pl.col("server") == address
    sessions = _held(made.tables["session"].filter(inside, is_client | is_server), made.engine)
    mails = made.tables["message"].filter(inside, is_client)
    exchanges = made.tables["auth"].filter(inside, is_client | is_server)
    view = _view(made, _filter("host", address), sessions, mails, exchanges)
    if view["first"] is None and not view["findings"]:
        return None
    return EntityView(
        kind="host",
        name=address,
        names=made.names_of(address),
        connects_to=peers_of(sessions.filter(is_client), "server", collect),
        accepts_from=peers_of(sessions.filter(is_server), "client", collect),
        **_posture(address, made.tables, made.engine),
        **_role(address, made.tables, made.engine),
        **view,
    )


def account_view(made: Analysis, name: str) -> EntityView | None:
    """Return what is known of an account, in any form in which it was logged; `None` if nothing names it."""
    inside = made.request.window.covers()
    # Few rows hold an account's bare name; which of these are the same account is not for an expression to say.
    near = pl.col("value").str.to_lowercase().str.contains(bare_account(name), literal=True)
    every = made.tables["auth"].select(value="user"), made.tables["message"].select(value="sender")
    found = made.engine.collect(pl.concat(every).filter(near).unique()).to_series()
    forms = pl.Series([form for form in found if is_same_account(form, name)], dtype=pl.String).implode()
    exchanges = made.tables["auth"].filter(inside, pl.col("user").is_in(forms))
    mails = made.tables["message"].filter(inside, pl.col("sender").is_in(forms))
    keys = pl.concat([exchanges.select(_SAME_SESSION), mails.select(_SAME_SESSION)]).unique()
    sessions = made.tables["session"].join(keys, on=list(_SAME_SESSION), how="semi")
    view = _view(made, _filter("account", name), _held(sessions, made.engine), mails, exchanges)
    if view["first"] is None and not view["findings"]:
        return None
    return EntityView(kind="account", name=name, **view)


def remembered_view(kind: Literal["host", "account"], name: str, source: EntrySource) -> EntityView | None:
    """Return what findings and incidents that were remembered say of a host or account; `None` if none names it."""
    about = _entries(source, _filter(kind, name))
    if not about["findings"]:
        return None
    times = [moment for finding in about["findings"] for moment in (finding.first, finding.last)]
    names = source.hosts.get(name, ())
    return EntityView(kind=kind, name=name, first=min(times), last=max(times), names=names, **about)


def _filter(kind: Literal["host", "account"], name: str) -> Filter:
    return Filter(accounts=(name,)) if kind == "account" else Filter(hosts=(ip_network(name),))


def _entries(source: EntrySource, wanted: Filter) -> dict[str, Any]:
    """Return the incidents and findings that the filter chooses."""
    return {
        "incidents": tuple(i for i in source.incidents if wanted.matches_incident(i, ())),
        "findings": tuple(f for f in source.findings if wanted.matches(f)),
    }


def _held(plan: pl.LazyFrame, engine: Engine) -> pl.LazyFrame:
    """Return a few rows that several tables are made of, computed once."""
    return engine.collect(plan.select(*_SAME_SESSION, "ts", "tls", "helo")).lazy()


def _view(
    made: Analysis, wanted: Filter, sessions: pl.LazyFrame, mails: pl.LazyFrame, exchanges: pl.LazyFrame
) -> dict[str, Any]:
    """Return the fields that hosts and accounts have in common."""
    collect, about = made.engine.collect, _entries(made.report, wanted)
    ids = {finding.id for finding in about["findings"]}
    behind = [uid for finding in about["findings"] for uid in finding.uids]
    times = collect(sessions.select(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"))).row(0)
    domains = mails.select(pl.col("recipient_domains").explode())
    return {
        "first": times[0],
        "last": times[1],
        "logins": logins_of(exchanges, collect),
        "mails": collect(mails.select(pl.len())).item(),
        "senders": counts_of(mails, "sender", collect),
        "recipient_domains": counts_of(domains, "recipient_domains", collect),
        "credentials_to_change": tuple(
            c for c in made.report.credentials_to_change if c.why in ids and wanted.matches_credential(c)
        ),
        "sessions": sessions_of(sessions, behind, collect),
        **about,
    }


def _role(address: str, tables: Tables, engine: Engine) -> dict[str, Any]:
    rows = engine.collect(tables["role"].filter(pl.col("host") == address)).to_dicts()
    if not rows:
        return {}
    row = rows[0]
    return {"role": HostRole(host=address, role=row["role"], reason=row["reason"]), "local": row["local"]}


def _posture(address: str, tables: Tables, engine: Engine) -> dict[str, Any]:
    plans = posture_tables(tables)
    # What lies in tables of their own (versions, ciphers, days) is in the report.
    columns = [name for name in ServerPosture.model_fields if name not in {"tls_versions", "ciphers", "days"}]
    servers = engine.collect(plans["servers"].filter(pl.col("server") == address).sort("port").select(columns))
    clients = engine.collect(
        plans["clients"].filter(pl.col("client") == address).select(list(ClientPosture.model_fields))
    )
    return {
        "server_posture": tuple(ServerPosture(**row) for row in servers.to_dicts()),
        "client_posture": next((ClientPosture(**row) for row in clients.to_dicts()), None),
    }
