"""Incidents as the last pass that found them described them. Their state follows from that of their findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.model import Finding, Incident, State
from zeeksmtp.state._tables import INCIDENT

MAX_PAST_INCIDENTS = 1_000
"""Incidents that are remembered after the last pass that found them; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class RememberedIncident:
    """An incident and the number of the last pass that found it."""

    incident: Incident
    last_pass: int


def incident_state(states: Iterable[State | None]) -> State:
    """Return the state of an incident whose findings are in `states`."""
    present = set(states)
    if "new" in present:
        return "new"
    if "ongoing" in present:
        return "ongoing"
    return "acknowledged" if present == {"acknowledged"} else "quiet"


def with_state(incident: Incident, findings: Mapping[str, Finding]) -> Incident:
    """Return the incident with its state, by those of its `findings` that are known."""
    states = [findings[id_].state for id_ in incident.findings if id_ in findings]
    return incident.model_copy(update={"state": incident_state(states)})


def remembered_incidents(connection: Connection, findings: Mapping[str, Finding]) -> dict[str, RememberedIncident]:
    """Return all remembered incidents, by id; `findings` are the remembered ones, which their state follows from."""
    rows = connection.execute(select(INCIDENT)).mappings()
    return {
        row["id"]: RememberedIncident(with_state(Incident.model_validate_json(row["body"]), findings), row["last_pass"])
        for row in rows
    }


def save_incidents(
    connection: Connection, current: Collection[Incident], number: int, not_judged: Collection[str] = ()
) -> None:
    """Remember the incidents of pass `number`; forget those that became part of one of them.

    `not_judged` are findings whose detectors failed in this pass: incidents that hold one stay as they were.
    """
    known = remembered_incidents(connection, {})
    kept = {id_: old.incident for id_, old in known.items() if set(not_judged).intersection(old.incident.findings)}
    whole = {finding for incident in kept.values() for finding in incident.findings}
    current = [*kept.values(), *(i for i in current if i.id not in kept and not whole.intersection(i.findings))]
    rows = [{"id": i.id, "last_pass": number, "body": i.model_dump_json(exclude={"state"})} for i in current]
    owned = {finding for incident in current for finding in incident.findings}
    ids = {row["id"] for row in rows}
    for id_, remembered in known.items():
        if id_ not in ids and owned.intersection(remembered.incident.findings):
            connection.execute(delete(INCIDENT).where(INCIDENT.c.id == id_))
    if rows:
        connection.execute(insert(INCIDENT).prefix_with("OR REPLACE"), rows)
    past = select(INCIDENT.c.id).where(INCIDENT.c.last_pass < number).order_by(INCIDENT.c.last_pass.desc())
    connection.execute(delete(INCIDENT).where(INCIDENT.c.id.in_(past.offset(MAX_PAST_INCIDENTS))))
