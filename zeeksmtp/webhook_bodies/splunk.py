"""Splunk's HTTP Event Collector: an event for each incident and finding, in the keys of the JSON report."""

from __future__ import annotations

from zeeksmtp.envelope import Envelope
from zeeksmtp.model import Finding, Incident
from zeeksmtp.webhook_bodies._body import WebhookBody, ascii_json


def _render(envelope: Envelope) -> str:
    report = envelope.report()
    events = [_event(incident, "incident") for incident in report.incidents]
    events += [_event(finding, "finding") for finding in report.findings]
    return "\n".join(map(ascii_json, events))


def _event(thing: Finding | Incident, kind: str) -> dict[str, object]:
    return {
        "time": f"{thing.last.timestamp():.6f}",
        "source": "zeeksmtp",
        "sourcetype": f"zeeksmtp:{kind}",
        "event": thing.model_dump(mode="json"),
    }


BODY = WebhookBody("splunk", "an event for each incident and finding, for Splunk's HTTP Event Collector", _render)
