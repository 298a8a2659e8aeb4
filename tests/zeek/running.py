"""Runs Zeek with the package's scripts, and reads the logs that it writes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "fixtures" / "captures"
SCRIPTS = ROOT / "zeek_scripts"
SEEDS = Path(__file__).parent / "Files" / "random.seed"
SITE = (
    "policy/protocols/smtp/software",
    "Site::private_address_space_is_local=F",
    "-e",
    "redef Site::local_nets += { 10.0.0.0/8, [2001:db8:20::]/44 };",
)
"""What the logs beside the captures are written with: software.log, and the local networks of the recorded traffic;
Zeek's default would count its outside hosts as local too."""

Row = dict[str, str | None]


def has_zeek() -> bool:
    """Say whether Zeek is on PATH."""
    return shutil.which("zeek") is not None


def scripts_hash() -> str:
    """Return the SHA-256 over names and contents of all scripts of the package."""
    digest = hashlib.sha256()
    for path in sorted(SCRIPTS.rglob("*.zeek")):
        digest.update(f"{path.relative_to(SCRIPTS).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run_zeek(folder: Path, capture: Path, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run Zeek over one capture with the package, logs and all in `folder`, uids the same each time."""
    command = ["zeek", "-C", "-r", str(capture), str(SCRIPTS), *SITE, *arguments]
    environment = os.environ | {"ZEEK_SEED_FILE": str(SEEDS), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False
    )


def options_of(capture: Path) -> Sequence[str]:
    """Return the options of the Zeek package that a capture's logs are written with; most have none."""
    file = capture / "zeek.options"
    return file.read_text(encoding="utf-8").split() if file.exists() else ()


def read_log(path: Path) -> list[Row]:
    """Read a log of Zeek's ASCII writer; a log that was not written has no rows."""
    return list(_rows(path)) if path.exists() else []


def _rows(path: Path) -> Iterator[Row]:
    names: list[str] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("#fields\t"):
            names = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            yield dict(zip(names, map(_value, line.split("\t")), strict=True))


def _value(text: str) -> str | None:
    if text == "-":
        return None
    return "" if text == "(empty)" else re.sub(r"\\x([0-9a-f]{2})|\\(\\)", _unescape, text)


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else "\\"
