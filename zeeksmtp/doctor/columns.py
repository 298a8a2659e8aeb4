"""What the logs at hand let a pass see: missing logs, and columns that the newest file of a log lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from zeeksmtp.doctor import Check
from zeeksmtp.reading.discover import Found, Source
from zeeksmtp.reading.kinds import logs
from zeeksmtp.reading.sniff import columns_of

PACKAGE = ("smtp_session", "smtp_cmd", "smtp_auth")
"""Logs of our Zeek package. Every SMTP connection makes a line in the first."""
RENAMED = {"fingerprint": "id", "cert_chain_fps": "cert_chain_fuids"}
RENAMED |= {old: new for new, old in RENAMED.items()}
"""Columns by which a certificate is known: one in today's logs, another in older ones."""
_INSTALL = '`zeeksmtp zeek-scripts --install "$(zeek-config --site_dir)"`, `@load zeeksmtp` in local.zeek, then deploy'


def seen_in(found: Found) -> Iterator[Check]:
    """Check each log that is read: is it there, with all columns?"""
    newest = _newest(found)
    yield _package(newest)
    for name, log in logs().items():
        if name in newest:
            yield from _lacking(newest[name], name)
        elif name not in PACKAGE:
            yield Check(
                "fail" if name == "conn" else "warn", f"{name}.log", f"missing: {log.unseen}", "let Zeek write it"
            )


def _newest(found: Found) -> Mapping[str, Source]:
    """Return the last file of each log; names of rotated files sort by time."""
    return {source.log: source for source in sorted(found.sources, key=lambda source: _age(source.path))}


def _age(path: Path) -> tuple[float, Path]:
    try:
        return path.stat().st_mtime, path
    except OSError:
        return 0.0, path


def _package(newest: Mapping[str, Source]) -> Check:
    there = [name for name in PACKAGE if name in newest]
    if not there:
        return Check("warn", "Zeek package", "not loaded: logins, VRFY and EXPN stay unseen", _INSTALL)
    if "smtp_session" not in there:
        return Check("warn", "Zeek package", f"only {', '.join(there)}: smtp_session.log is missing", _INSTALL)
    return Check("ok", "Zeek package", f"loaded: {', '.join(there)}")


def _lacking(source: Source, name: str) -> Iterator[Check]:
    """Only TSV tells: a JSON line leaves out what is unset."""
    has = columns_of(source.path) if source.format == "tsv" else frozenset()
    lacks = [c.name for c in logs()[name].columns if not has & {c.name, RENAMED.get(c.name, c.name)}]
    if has and lacks:
        remedy = f"an older package is loaded: {_INSTALL}" if name in PACKAGE else "let Zeek log them"
        yield Check("warn", f"{name}.log", f"{source.path.name} lacks {', '.join(lacks)}", remedy)
