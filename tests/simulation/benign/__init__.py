"""The innocent population, one file per walk of life."""

from tests.simulation.benign import internet, machines, people, relays

ALL = (
    people.people,
    people.legacy,
    people.stale,
    people.administrators,
    people.migration,
    relays.inbound,
    relays.outbound,
    relays.newsletter,
    relays.mailing_list,
    relays.application,
    machines.appliances,
    machines.reports,
    machines.monitoring,
    machines.vulnerability_scanner,
    internet.background,
)
"""Every part; each has a stream of chance of its own."""
