"""TLS that somebody has to look after: old versions, certificates near their end; and devices at big providers."""

from __future__ import annotations

import numpy as np

from simulation.clock import DAY, INTERNET, OFFICE, moment
from simulation.dialogue import Talk, known_server
from simulation.made import Certificate, Made
from simulation.site import Site
from simulation.truth import INFO, LOW, event

_MAIL_BYTES, _MAIL_REPLIES = 3000, 270
_OLD = {"version": "TLSv10", "cipher": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"}
_USUAL = {"version": "TLSv12", "cipher": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}
_EXCHANGE = "104.47.0.36"
"""Of Exchange Online's published ranges: by stock logs nothing in a session on port 25 names the provider."""
_LEFT = {"good": 200, "expiring": 20, "expired": -3, "self-signed": 900}
"""Days that certificates are valid after the last of the simulated days."""


def old_server(site: Site, made: Made) -> None:
    """Let an archive of some department speak TLS 1.0 only, with a certificate that is in order."""
    _department(site, made, name="archive", address="10.20.0.31", left="good", how=_OLD)


def certificates(site: Site, made: Made) -> None:
    """Let departments' servers show certificates that end soon, that have ended, and that nobody else signed."""
    for n, left in enumerate(("expiring", "expired", "self-signed")):
        _department(site, made, name=f"dept{n}", address=f"10.20.0.{32 + n}", left=left, how=_USUAL)


def _department(site: Site, made: Made, *, name: str, address: str, left: str, how: dict[str, str]) -> None:
    random = site.random("certificate", name)
    full = f"{name}.{site.domain}"
    ts = site.clock.draw(random, 8 * site.days, site.clock.weights(INTERNET, idle=0.4))
    partners = site.world[site.partners(random, len(ts))]
    end = moment(site.clock.end + _LEFT[left] * DAY)
    shown = made.certified(Certificate(f"{name:0<40}"[:40], f"CN={full}", site.clock.start - 300 * DAY, end, (full,)))
    talk = Talk(
        ts,
        partners["server"],
        known_server(address, full),
        25,
        helo=partners["name"],
        tls="starttls",
        sent=_MAIL_BYTES,
        got=_MAIL_REPLIES,
        certificate=shown,
        **how,
    )
    made.add(talk)
    if how is _OLD:
        made.events.append(event("TLS 1.0 server", {"tls-weak": LOW}, ts, servers=[address], malicious=False))
    if left in {"expiring", "expired"}:
        must = {"certificate-expiry": LOW}
        made.events.append(event(f"certificate {left}", must, ts, servers=[address], malicious=False))


def providers(site: Site, made: Made) -> None:
    """Let devices submit to Exchange Online and Google, and hand mail over to Exchange Online directly."""
    _device(site, made, host="10.20.3.150", name="smtp.office365.com", address="250.3.1.4", port=587)
    _device(site, made, host="10.20.3.151", name="smtp.gmail.com", address="250.3.2.4", port=587)
    _device(site, made, host="10.20.3.152", name="corp-example.mail.protection.outlook.com", address=_EXCHANGE, port=25)


def _device(site: Site, made: Made, *, host: str, name: str, address: str, port: int) -> None:
    random = site.random("provider", name)
    ts = site.clock.draw(random, 5 * site.days, site.clock.weights(OFFICE, idle=0.01))
    made.resolved(ts, host, name, address)
    size = random.lognormal(11, 1, len(ts)).astype(np.int64)
    at = known_server(address, name, software="exchange")
    made.add(Talk(ts, host, at, port, helo="mfp", tls="starttls", sent=size, got=_MAIL_REPLIES))
    made.events.append(
        event(
            "legacy authentication" if port == 587 else "direct send",
            {"legacy-auth": INFO},
            ts,
            clients=[host],
            servers=[address],
            malicious=False,
        )
    )
