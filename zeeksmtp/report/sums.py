"""What the report says beside its findings. A part that fails is left out, and costs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from zeeksmtp.model import ChangeTable, Collect, Context, HostRole, Posture, Tables, Traffic, Volume
from zeeksmtp.report.changes import changes_of
from zeeksmtp.report.gaps import gaps_of
from zeeksmtp.report.legacy_auth import legacy_auth_of
from zeeksmtp.report.overview import posture_of, quality_of, roles_of, volumes_of
from zeeksmtp.report.site import unknown_site
from zeeksmtp.report.traffic import traffic_of

T = TypeVar("T")


class PartGuard(Protocol):
    """Computes a part of the report."""

    def __call__(self, name: str, make: Callable[[], T], /) -> T | None:
        """Return what is made of the part `name`; `None`, if that fails."""
        ...


@dataclass(frozen=True, slots=True)
class Sums:
    """Roles, posture, volumes and traffic, with the notes about them."""

    roles: tuple[HostRole, ...]
    posture: Posture
    volumes: tuple[Volume, ...]
    traffic: Traffic
    changes: ChangeTable
    notes: tuple[str, ...]
    unknown_site: str | None


def sums_of(tables: Tables, context: Context, collect: Collect, guard: PartGuard) -> Sums:
    """Return the sums over logs and facts."""
    window, timezone = context.window, context.site.timezone
    nothing = Posture(servers=(), sessions=0, tls_sessions=0)
    roles, role_notes = guard("roles", lambda: roles_of(tables, collect)) or ((), ())
    posture, posture_notes = guard("posture", lambda: posture_of(tables, collect)) or (nothing, ())
    if legacy := guard("legacy_auth", lambda: legacy_auth_of(tables, context, collect)):
        posture = posture.model_copy(update={"legacy_auth": legacy})
    volumes, volume_notes = guard("volumes", lambda: volumes_of(tables, window, collect)) or ((), ())
    traffic = guard("traffic", lambda: traffic_of(tables, collect)) or Traffic()
    changes = guard("changes", lambda: changes_of(tables, collect)) or ChangeTable()
    quality = guard("quality", lambda: quality_of(tables, window, collect)) or ()
    gaps = guard("gaps", lambda: gaps_of(tables, window, timezone, collect)) or ()
    notes = (*quality, *gaps, *posture_notes, *role_notes, *volume_notes)
    site = guard("site", lambda: unknown_site(tables, context, collect))
    return Sums(roles, posture, volumes, traffic, changes, notes, site)
