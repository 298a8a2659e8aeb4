"""Runs the installed Zeek with the bundled scripts over a capture."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from zeeksmtp.cli import _trim
from zeeksmtp.cli.zeek_scripts import folder
from zeeksmtp.errors import UnreadableFileError, UnusableError

INSTALL = (
    "zeek is not on PATH. Debian, Ubuntu, Fedora, openSUSE, RHEL: package zeek or zeek-lts from the repository "
    "security:zeek of the openSUSE Build Service; FreeBSD: pkg install zeek; macOS: brew install zeek; "
    "container: zeek/zeek. Packages install to /opt/zeek/bin: add it to PATH"
)
_SEEDS = 21
# Unset flags leave it to the report's own settings which networks are local.
_OPTIONS = ("Site::private_address_space_is_local=F",)


def zeek() -> str:
    """Return the path of the installed Zeek."""
    found = shutil.which("zeek")
    if found is None:
        raise UnusableError(INSTALL)
    return found


def analyse(capture: Path, place: Path) -> list[str]:
    """Write the logs of `capture` into the new folder `place`; return notes on what had to be done to it.

    Raises `UnreadableFileError` with Zeek's own words if it cannot read the capture.
    """
    place.mkdir(mode=0o700)
    try:
        contents = _trim.contents_of(capture)
        lost = capture.stat().st_size - contents.whole
        mended = lost > 0 or not contents.in_order
        source = place / "whole-packets.pcap" if mended else capture.resolve()
        if mended:
            _trim.copy(capture, source, contents)
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(f"{capture}: {error.strerror or error}") from error
    _run(capture, source, place, digest)
    cut = f"{capture}: the last packet is cut; the {lost} bytes after the last whole packet were left out"
    unordered = f"{capture}: its time jumps back; the packets were put in order of time"
    return [*([cut] if lost else []), *([] if contents.in_order else [unordered])]


def _run(capture: Path, source: Path, place: Path, digest: str) -> None:
    seeds = place / "seeds"
    seeds.write_text("".join(f"{_seed(digest, number)}\n" for number in range(_SEEDS)))
    # -C: captures taken on a sender have checksums that its network card would have filled in.
    command = [zeek(), "-C", "-r", str(source), str(folder()), *_OPTIONS]
    environment = os.environ | {"ZEEK_SEED_FILE": str(seeds)}
    ended = subprocess.run(  # noqa: S603 - no shell, and the capture's path is one argument
        command, cwd=place, env=environment, capture_output=True, text=True, errors="backslashreplace", check=False
    )
    if ended.returncode != 0:
        raise UnreadableFileError(f"{capture}: zeek: {_words(ended.stderr) or f'ended with {ended.returncode}'}")


def _seed(digest: str, number: int) -> int:
    """Return one of the numbers that make the uids of a capture the same in every run, and others for each capture."""
    return int.from_bytes(hashlib.sha256(f"zeeksmtp {digest} {number}".encode()).digest()[:4], "big")


def _words(text: str) -> str:
    """Return what Zeek died of: its last error, else all it said."""
    errors = [line for line in text.splitlines() if "error" in line]
    return errors[-1] if errors else " ".join(text.split())
