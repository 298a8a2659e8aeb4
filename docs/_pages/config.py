"""docs/config.md: where settings come from, and every key with its type, bounds, default and meaning."""

from __future__ import annotations

import types
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

import zeeksmtp.detectors
from docs._pages._markdown import code, table
from docs._pages._markdown import page as whole
from zeeksmtp import registry, webhook_bodies
from zeeksmtp.config import PLACES, ROLES, Settings
from zeeksmtp.correlate.suppression import Suppression
from zeeksmtp.delivery_settings import FORM_OF, Mail, ReportCommand, Syslog, Webhook
from zeeksmtp.webhook_bodies import WebhookBody

PAGE = "config.md"

HEAD = f"""A setting is looked for in four places; the first that has it wins. Tables (`roles`,
`detectors`) are merged key by key.

1. flags of the command (`--local-net`)
2. the environment: `ZEEKSMTP_` and the key in capitals, `__` between a table and its key, `_` for `-`:
   `ZEEKSMTP_ALPHA=1e-8`, `ZEEKSMTP_LOCAL_NETS=10.0.0.0/8,2001:db8::/32`,
   `ZEEKSMTP_DETECTORS__USER_ENUMERATION__MIN_NAMES=10`; `roles` and `suppress` take JSON
3. the file named by `--config`, else {" or ".join(f"`{place}`" for place in PLACES)} (the first that is there, alone)
4. the defaults below

Paths are taken from the folder that zeeksmtp runs in. A key that is not known, or a value that makes no sense, ends the
run with exit code 5 (2 for a flag) and one line that names the place and the nearest right key:

```
zeeksmtp: zeeksmtp.toml:12: unknown key `alhpa`; nearest is `alpha`
```

The same holds for a variable that starts with `ZEEKSMTP_` but is no setting.

```toml
local_nets = ["10.0.0.0/8", "2001:db8:20::/44"]
timezone = "Europe/Berlin"
assets = "/etc/zeeksmtp-hosts.csv"
mmdb = ["/usr/share/GeoIP/GeoLite2-ASN.mmdb", "/usr/share/GeoIP/GeoLite2-Country.mmdb"]

[detectors.user-enumeration]
min_names = 10

[roles]
"10.0.0.25" = "relay"

[[suppress]]
detector = "cleartext-credentials"
client = "10.20.1.200"
reason = "scan-to-mail device, alone with the server in its VLAN; ticket 4711"
expires = 2027-03-01
```"""


FILES = f"""Paths, each written anew for each report of a scheduled pass: to a temporary file first, then renamed; mode
0600, new folders 0700. `{{date:%Y-%m-%d}}` stands for the time at which the report was made, in `timezone`, in any form
that strftime knows. The end of the name asks for the format: {", ".join(f"{code(e)} {f}" for e, f in FORM_OF.items())}.

```toml
report_files = ["/var/lib/zeeksmtp/reports/{{date:%Y-%m-%d}}.html", "/var/lib/zeeksmtp/reports/latest.json"]
```"""

COMMAND = """A program that gets each report of a scheduled pass on its standard input, with these variables
besides those of zeeksmtp: `REPORT_ID` (the same for a second attempt), `REPORT_FORMAT`, `REPORT_SUBJECT`,
`REPORT_SEVERITY` (of the worst finding, or `none`), `REPORT_FINDINGS` and `REPORT_NEW` (how many), `REPORT_CRITICAL` to
`REPORT_INFO` (how many of each). Exit code 0 means that the report has arrived; after any other it is handed over again
by the next pass, and the end of what the program wrote to standard error is shown.

```toml
[report_command]
run = ["/usr/local/bin/ticket", "--queue", "soc"]
format = "markdown"
```"""

MAIL = """Each report of a scheduled pass goes to everyone in `to`, as text and as the page. Where TLS cannot be had, or
the server's certificate does not hold, no mail is sent, unless `tls = "none"`. Where the server refuses some of the
recipients, the others get the mail, and it says who did not; where it refuses all, the report is mailed again by the
next pass, with the same Message-ID.

```toml
[mail]
host = "mail.corp.example"
from = "zeeksmtp@corp.example"
to = ["soc@corp.example"]
username = "zeeksmtp"
password_file = "/etc/zeeksmtp.password"
```

With a mail server on the same machine, `host = "localhost"` and `tls = "none"` will do."""


SYSLOG = """Each report of a scheduled pass goes to one collector: a message for each incident and each finding that is
no symptom of one, at most 1,000, the most urgent first, each below 2,048 bytes. Long lists and texts are shortened;
`clients_total` and its like count all. By `udp`, `tcp` and `tls` messages are those of RFC 5424, over streams with
octet counting (RFC 6587, RFC 5425). UDP loses messages in silence, and without TLS anybody on the way reads them.
Critical, high, medium, low and info are syslog's critical, error, warning, notice and informational.

```toml
[syslog]
to = "tls://siem.corp.example:6514"
ca_file = "/etc/ssl/siem-ca.pem"
```"""

WEBHOOKS = """One table for each address; `<name>` is a word of small letters and digits. Each report of a scheduled
pass is sent there by HTTPS POST. A reply of 2xx means that it has arrived; where nobody answers, and after 408, 429 and
5xx, it is tried twice more within the pass, then by the next pass. Headers: `webhook-id` is the same for each attempt,
`webhook-timestamp` is Unix time; with a signing key, `webhook-signature` is `v1,` and base64 of HMAC-SHA256 over
`id.timestamp.body`, as the [Standard Webhooks](https://www.standardwebhooks.com) specification has it. Redirects are
not followed. [integrations.md](integrations.md) has the settings for each receiver, and what to do there.

```toml
[webhooks.chat]
url_file = "/etc/zeeksmtp.slack"
body = "slack"
```"""


_NAMES = {int: "whole number", float: "number", str: "text", bool: "true or false", Path: "path", SecretStr: "text"}
_OURS = {IPv4Network: "network", IPv4Address: "address"}
_BOUNDS = {"gt": "over", "ge": "from", "lt": "under", "le": "to"}


def _kind(annotation: Any) -> str:
    """Name a type as somebody who writes TOML would."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin in {Annotated, Union, types.UnionType}:
        return _kind(next(part for part in parts if part is not type(None)))
    if origin is Literal:
        return " or ".join(map(code, parts))
    if origin is tuple:
        return f"list of {_kind(parts[0])}s"
    if origin is dict or issubclass(annotation, BaseModel):
        return "table"
    return {**_NAMES, **_OURS}.get(annotation) or str(annotation.__name__)


def _bounds(field: FieldInfo) -> str:
    limits = [
        f"{word} {getattr(m, name)}" for m in field.metadata for name, word in _BOUNDS.items() if hasattr(m, name)
    ]
    return f" ({' '.join(limits)})" if limits else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, {}, ()) else code(str(field.default))


def _keys(model: type[BaseModel]) -> str:
    rows = [
        (code(field.alias or name), _kind(field.annotation) + _bounds(field), _default(field), field.description or "")
        for name, field in model.model_fields.items()
    ]
    return table(("key", "type", "default", "meaning"), rows)


def _sections() -> Iterable[str]:
    units = registry.discover(zeeksmtp.detectors, "DETECTOR").values()
    without = ", ".join(code(unit.id) for unit in units if not unit.params.model_fields)
    yield f"No parameters: {without}."
    for unit in units:
        if unit.params.model_fields:
            yield f"### `[detectors.{unit.id}]`"
            yield _keys(unit.params)


def _bodies() -> list[WebhookBody]:
    return list(registry.discover(webhook_bodies, "BODY").values())


def page() -> str:
    """Return the page."""
    return whole(
        "Configuration",
        HEAD,
        "## Keys",
        _keys(Settings),
        "## `[roles]`",
        f'One line for each host, `"address" = "role"`. Roles: {", ".join(map(code, ROLES))}.'
        " A `gateway` stands for many hosts (NAT, proxy): what it does is not one actor's.",
        "## `[[suppress]]`",
        (Suppression.__doc__ or "").split("\n")[0],
        _keys(Suppression),
        "## `report_files`",
        FILES,
        "## `[report_command]`",
        COMMAND,
        _keys(ReportCommand),
        "## `[mail]`",
        MAIL,
        _keys(Mail),
        "## `[syslog]`",
        SYSLOG,
        _keys(Syslog),
        "## `[webhooks.<name>]`",
        WEBHOOKS,
        _keys(Webhook),
        table(("body", "what is sent"), [(code(unit.name), unit.doc) for unit in _bodies()]),
        "## `[detectors.<id>]`",
        *_sections(),
    )
