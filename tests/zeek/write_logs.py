"""Writes the logs beside the captures anew: `python -m tests.zeek.write_logs [NAME…]`, with `zeek` on PATH.

To be run after every change of `zeek_scripts/`; a test compares the hash that it records.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.zeek.running import CAPTURES, options_of, run_zeek, scripts_hash

KEPT = ("conn", "dns", "files", "smtp", "smtp_auth", "smtp_cmd", "smtp_session", "software", "ssl", "weird")
"""Logs that say something of mail; packet_filter, x509, ocsp and the like do not."""

RECORD = CAPTURES / "zeek_scripts.sha256"
FORMS = {"tsv": (), "json": ("LogAscii::use_json=T",)}


def write_logs(capture: Path) -> None:
    """Replace the logs of one capture, in both forms."""
    for form, arguments in FORMS.items():
        with tempfile.TemporaryDirectory() as made:
            run = run_zeek(Path(made), capture / "capture.pcap", (*arguments, *options_of(capture)))
            if run.returncode or run.stderr:
                sys.exit(f"{capture.name}: {run.stderr or run.returncode}")
            _replace(Path(made), capture / form)


def _replace(made: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for log in KEPT:
        path = made / f"{log}.log"
        if path.exists():
            shutil.copyfile(path, folder / path.name)


def record() -> str:
    """Return the line that says which scripts wrote the logs, and on which Zeek."""
    version = subprocess.run(["zeek", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{scripts_hash()}  zeek_scripts  zeek {version.split()[-1]}\n"


if __name__ == "__main__":
    chosen = [CAPTURES / name for name in sys.argv[1:]] or [p.parent for p in sorted(CAPTURES.glob("*/capture.pcap"))]
    for each in chosen:
        write_logs(each)
    RECORD.write_text(record())
