"""`[syslog]`: a collector that gets a message for each incident and finding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from zeeksmtp.delivery_settings.section import HOST, Section

SYSLOG_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
"""RFC 5426, RFC 6587 (as registered by IANA for syslog-conn), RFC 5425."""
FACILITIES = {"daemon": 3, "auth": 4, "authpriv": 10} | {f"local{number}": 16 + number for number in range(8)}
_REMOTE = rf"(udp|tcp|tls)://(?:({HOST})|\[([0-9A-Fa-f:]+)\])(?::(\d{{1,5}}))?"


def _collector(text: str) -> str:
    remote = re.fullmatch(_REMOTE, text)
    in_range = remote is not None and (remote[4] is None or 0 < int(remote[4]) < 65536)
    if text != "journal" and not in_range and not re.fullmatch(r"unix:///[!-~]+", text):
        form = "write udp://host:514, tcp://host:601, tls://host:6514, unix:///dev/log or journal"
        raise PydanticCustomError("collector", "no collector; {form}", {"form": form})
    return text


Facility = Literal[
    "daemon", "auth", "authpriv", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"
]


class Syslog(Section):
    """`[syslog]`: each report goes there as a message for each incident and finding."""

    to: Annotated[str, AfterValidator(_collector)] = Field(
        description="`udp://host:port`, `tcp://host:port`, `tls://host:port`, `unix:///dev/log` or `journal`"
    )
    facility: Facility = Field("local0", description="facility of the messages")
    format: Literal["json", "text"] = Field("json", description="a JSON object, or a sentence")
    ca_file: Path | None = Field(None, description="PEM file of the CA to trust instead of the system's (`tls://`)")
    timeout_seconds: int = Field(30, ge=1, le=600, description="seconds for a report as a whole")

    @property
    def way(self) -> str:
        """Return `udp`, `tcp`, `tls`, `unix` or `journal`."""
        return self.to.partition(":")[0]

    @property
    def server(self) -> tuple[str, int]:
        """Return host and port of a collector elsewhere."""
        remote = re.fullmatch(_REMOTE, self.to)
        assert remote is not None  # noqa: S101 - for the type checker: checked above
        return remote[2] or remote[3], int(remote[4] or SYSLOG_PORTS[self.way])

    @property
    def path(self) -> str:
        """Return the path of a socket on this machine."""
        return "/run/systemd/journal/socket" if self.way == "journal" else self.to.removeprefix("unix://")
