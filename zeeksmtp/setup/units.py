"""What systemd reads: the service and timer of the scheduled pass, its user, and who owns config and state.

Written by `zeeksmtp init --systemd`, and by the recipe of the Debian package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

USER = "zeeksmtp"
MINUTE = 10
"""Past the hour: zeekctl rotates and packs on the hour, and a file has to settle before a pass takes it."""

_SERVICE = """\
[Unit]
Description=zeeksmtp: one pass over the logs of Zeek
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
# With writable code forbidden (MemoryDenyWriteExecute), polars cannot look at the processor; `doctor` does.
Environment=POLARS_SKIP_CPU_CHECK=1
User={user}
{groups}Nice=10
IOSchedulingClass=idle
UMask=0077
ReadWritePaths={writes}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
NoNewPrivileges=yes
CapabilityBoundingSet=
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
_TIMER = """\
[Unit]
Description=zeeksmtp once an hour

[Timer]
OnCalendar=*:{minute:02}
Persistent=true

[Install]
WantedBy=timers.target
"""
_USER = """\
u {user} - "zeeksmtp, scheduled passes"
"""
_OWNERS = """\
d {state} 0700 {user} {user} -
z {config} 0640 root {user} -
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """What the units depend on. `program` are the words that start zeeksmtp; `groups` may read the logs.

    `writes` are folders beside the state that a pass writes to.
    """

    program: Sequence[str]
    config: Path
    state_dir: Path
    groups: Sequence[str] = ()
    writes: Sequence[Path] = ()


def files(installation: Installation, *, vendor: bool = False) -> Mapping[Path, str]:
    """Return each file by its place: below /etc, or where a distribution's package (`vendor`) has them."""
    base = Path("/usr/lib" if vendor else "/etc")
    return {
        base / "systemd/system/zeeksmtp.service": service(installation),
        base / "systemd/system/zeeksmtp.timer": _TIMER.format(minute=MINUTE),
        base / "sysusers.d/zeeksmtp.conf": _USER.format(user=USER),
        base / "tmpfiles.d/zeeksmtp.conf": _OWNERS.format(
            user=USER, state=quoted(str(installation.state_dir)), config=quoted(str(installation.config))
        ),
    }


def service(installation: Installation) -> str:
    """Return the text of the service."""
    words = [*installation.program, "cron", "--quiet", "--config", str(installation.config), "--verbose"]
    groups = f"SupplementaryGroups={' '.join(installation.groups)}\n" if installation.groups else ""
    writes = " ".join(quoted(str(folder)) for folder in (installation.state_dir, *installation.writes))
    command = " ".join(quoted(word).replace("$", "$$") for word in words)
    return _SERVICE.format(command=command, user=USER, groups=groups, writes=writes)


def quoted(word: str) -> str:
    """Quote a word for a file of systemd, where `%` starts a specifier. In `ExecStart` `$` is to be doubled as well."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{safe}"' if safe != word or not word.isprintable() or set(word) & set(" '$;") else word
