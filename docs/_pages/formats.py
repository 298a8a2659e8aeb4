"""docs/formats.md: what `--format` can be, and the columns and fields that other programs may rely on."""

import zeeksmtp.outputs
from docs._pages._keys import KEYS
from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp import registry
from zeeksmtp.delivery_settings import FORM_OF
from zeeksmtp.model import Output
from zeeksmtp.outputs import csv, ecs, ocsf, zeek

PAGE = "formats.md"
INTRO = """What `--format` can be. The JSON form has everything ([report.md](report.md)); each other one shows as much
as its reader can use. A file that `-o` or `report_files` ([config.md](config.md)) names gets the format that
its name ends with; `--format` wins. `terminal` is one screen, with `--full` it is everything."""
_COLUMNS = ", ".join(map(code, csv.COLUMNS))
CSV = f"""One row for each finding, under a head; RFC 4180, UTF-8, lines end with CR LF. The columns are {_COLUMNS},
as in [the JSON form](report.md#finding); `incident` is the id of the incident that the finding belongs to.
They stay, in this order; more may follow at the end. Lists are joined by `; `, times are UTC. What a
spreadsheet could take for a formula has an apostrophe before it, and control characters are visible, as
`\\x0d`."""
ECS = f"""One event for each finding and each incident, a JSON object a line, in the fields of the Elastic Common
Schema {ecs.ECS_VERSION}. Tests compare names and types with the published schema. `event.id` is the id of
the finding or incident, the same in every report: as id of the document it keeps each finding once.
`event.dataset` is `zeeksmtp.findings` or `zeeksmtp.incidents`, `rule.name` the detector, `event.severity`
0, 21, 47, 73 or 99, `event.risk_score` an incident's score, `event.reason` what happened: a finding's summary, or
an incident's outcome and its timeline, a line for each step. `source.ip`, `destination.ip` and `user.name`
are there where a finding names exactly one; `related.ip`, `related.hosts` and `related.user` have all. What
has no field there stands below `zeeksmtp`."""
OCSF = f"""One event for each finding and each incident, a JSON object a line, in the Open Cybersecurity Schema
Framework {ocsf.OCSF_VERSION}, class Detection Finding (2004). Tests validate events with the published schema, which
allows no other fields. `finding_info.uid` is the id of the finding or incident, the same in every report, and
`finding_info.types` says which of both it is; an incident has its findings as `related_events`, a finding its
connections. `activity_id` is 1 (Create) for what is new and 2 (Update) for the rest; times are milliseconds since 1970.
What has no field there stands in `unmapped`. Incident Finding (2005) demands somebody whom the incident is assigned to,
and Email Activity (4009) is about one mail each: a report knows neither."""
INTEL = """A file for Zeek's Intelligence Framework: a line for each address outside of the site that an incident
shows to be an attacker (`attackers` in [the JSON form](report.md#incident)), with severity, title, id and last day of
the gravest such incident as `meta.desc`. The site's own hosts are never in it, nor servers that were merely talked
to; where none of the hosts could be recognised as the site's own, there are no indicators.
[integrations.md](integrations.md#zeek) has the lines for `local.zeek`."""
STIX = """A bundle of STIX 2.1 in JSON, made and in tests read by the standard's own library (`pip install
'zeeksmtp[stix]'`): an indicator for each address that `intel` names, with a sighting and the ATT&CK techniques that
it indicates. It is made to be passed on: hosts, accounts and titles of the site are not in it, and everything is
marked TLP:AMBER. Ids are the same in every report; `modified` is the time of the last event."""
ZEEK = """A Zeek log in TSV, `smtp_findings.log`, that `zeek-cut` and whatever else reads Zeek's logs can read. The
backslash of a visible control character is escaped as Zeek escapes one."""


def page() -> str:
    """Return the page."""
    outputs: list[Output] = list(registry.discover(zeeksmtp.outputs, "OUTPUT").values())
    ends = {form: end for end, form in FORM_OF.items()}
    forms = [(code(unit.name), code(ends[unit.name]) if unit.name in ends else "", unit.doc) for unit in outputs]
    meaning = KEYS["Finding"] | {"ts": "time of the first event", "incident": "id of the incident that it belongs to"}
    columns = [(code(name), kind, meaning[name]) for name, kind in zeek.COLUMNS.items()]
    return whole(
        "Formats",
        INTRO,
        table(("format", "file", "what it is for"), forms),
        "## csv",
        CSV,
        "## ecs",
        ECS,
        "## intel",
        INTEL,
        "## ocsf",
        OCSF,
        "## stix",
        STIX,
        "## zeek",
        ZEEK,
        table(("column", "type", "meaning"), columns),
    )
