"""The innocent population, one file per walk of life."""

from simulation.benign import internet, lookalikes, machines, outside, people, relays, tls

ALL = (
    people.people,
    people.legacy,
    people.stale,
    people.stale_abroad,
    people.administrators,
    people.migration,
    relays.inbound,
    relays.pipeliners,
    relays.outbound,
    relays.newsletter,
    relays.mailing_list,
    relays.application,
    machines.appliances,
    machines.reports,
    machines.monitoring,
    machines.vulnerability_scanner,
    internet.background,
    lookalikes.aliases,
    lookalikes.campaign,
    lookalikes.newcomer,
    outside.own_servers,
    outside.storage,
    outside.echoes,
    tls.old_server,
    tls.certificates,
    tls.providers,
)
"""Every part; each has a stream of chance of its own."""
