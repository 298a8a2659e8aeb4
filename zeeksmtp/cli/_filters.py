"""The options by which findings and incidents are chosen, alike for reports and for what scheduled passes remember."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

import zeeksmtp.detectors
from zeeksmtp.cli import _options
from zeeksmtp.errors import UsageError
from zeeksmtp.model import Severity
from zeeksmtp.report.filters import STATES, Filter, Network, network


def _detectors(values: list[str] | None) -> list[str] | None:
    check = _options.choice("detector", zeeksmtp.detectors, separator="-")
    return values and [check(value) for value in values]


def _states(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if value not in STATES:
            raise typer.BadParameter(f"no state is called {value!r}; there are {', '.join(STATES)}")
    return values


MinSeverity = Annotated[
    Severity | None,
    typer.Option(metavar="|".join(Severity), help="Only findings of this severity or above.", show_default=False),
]
Detectors = Annotated[
    list[str] | None,
    typer.Option("--detector", metavar="ID", callback=_detectors, help="Only findings of this detector; repeatable."),
]
Clients = Annotated[
    list[str] | None,
    typer.Option(
        "--client", metavar="ADDRESS|CIDR", help="Only findings about this client; 10.20. is 10.20.0.0/16; repeatable."
    ),
]
Servers = Annotated[
    list[str] | None,
    typer.Option("--server", metavar="ADDRESS|CIDR", help="Only findings about this server; repeatable."),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="NAME", help="Only findings about this account; repeatable."),
]
States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="|".join(STATES), callback=_states, help="Only in this state; repeatable."),
]


def chosen(
    *,
    min_severity: Severity | None = None,
    detectors: list[str] | None = None,
    clients: list[str] | None = None,
    servers: list[str] | None = None,
    accounts: list[str] | None = None,
    states: list[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Filter:
    """Return the filter that the options describe. Raises `UsageError` for what is no address or network."""
    return Filter(
        min_severity=min_severity,
        detectors=tuple(detectors or ()),
        clients=_networks("--client", clients),
        servers=_networks("--server", servers),
        accounts=tuple(accounts or ()),
        states=tuple(states or ()),
        since=since,
        until=until,
    )


def _networks(option: str, values: list[str] | None) -> tuple[Network, ...]:
    try:
        return tuple(network(value) for value in values or ())
    except ValueError as error:
        raise UsageError(
            f"{option}: {error}; give an address, a network such as 10.20.0.0/16, or its beginning (10.20.)"
        ) from None
