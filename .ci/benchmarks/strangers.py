"""Time, memory and size of a report on many strangers: `python -m benchmarks.strangers guess 100000`.

`probe`: each client outside asks for eight unknown names. `guess`: each guesses eight passwords of an account of its
own. `accounts`: each login is that of another account, accepted, from a thousand clients.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TRIES, CLIENTS_OF_ACCOUNTS, BEGAN = 8, 1000, 1_795_458_000
COLUMNS = {"ts": "time", "uid": "string", "id.orig_h": "addr", "id.orig_p": "port", "id.resp_h": "addr"}
COLUMNS |= {"id.resp_p": "port", "seq": "count"}
AUTH = {"mechanism": "string", "user": "string", "secret_kind": "string", "secret_length": "count", "outcome": "string"}
VRFY = {"command": "string", "known": "bool", "arg": "string", "reply_code": "count", "reply_status": "string"}


def _address(number: int) -> str:
    return f"{11 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _line(client: int, connection: int, seq: int, *values: object) -> str:
    ts = f"{BEGAN + connection * 0.5 + seq * 0.05:.6f}"
    port = 1024 + connection % 60_000
    ends = (ts, f"C{connection:x}", _address(client), port, "10.0.0.25", 587, seq)
    return "\t".join(map(str, (*ends, *values))) + "\n"


def _lines(kind: str, number: int) -> Iterator[str]:
    for n in range(number):
        if kind == "accounts":
            yield _line(n % CLIENTS_OF_ACCOUNTS, n, 2, "LOGIN", f"user{n}", "password", 6 + n % 5, "success")
        for seq in range(TRIES if kind != "accounts" else 0):
            guess = ("LOGIN", f"user{n}", "password", 6 + seq % 5, "failure")
            probe = ("VRFY", "T", f"u{n * TRIES + seq}", 550, "5.1.1")
            yield _line(n, n, seq + 2, *(guess if kind == "guess" else probe))


def write(folder: Path, kind: str, number: int) -> None:
    """Write the one log of such a day."""
    log, own = ("smtp_cmd", VRFY) if kind == "probe" else ("smtp_auth", AUTH)
    head = (r"#separator \x09", f"#path\t{log}", "\t".join(("#fields", *COLUMNS, *own)))
    with (folder / f"{log}.log").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in (*head, "\t".join(("#types", *COLUMNS.values(), *own.values()))))
        file.writelines(_lines(kind, number))


def main(kind: str, number: str) -> None:
    """Print what a report of `number` strangers costs."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), kind, int(number))
        report = Path(folder) / "report.json"
        subprocess.run([sys.executable, "-m", "zeeksmtp", "report", "-q", folder, "-o", report], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime
        size = report.stat().st_size / 1e6
    sys.stdout.write(
        f"{kind} {int(number):,}: {seconds:.1f} s of CPU, {used.ru_maxrss / 1e6:.2f} GB, report {size:.2f} MB\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
