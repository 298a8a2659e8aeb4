"""Take the pictures of README and documentation from a report on the bundled logs: `make pictures`.

Terminal: the program's own colours, drawn by rich. Page: a screenshot by chromium.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent / "pictures"
LOGS = "fixtures/scenarios/office/logs"
COLUMNS = 100
MAX_SCREEN_BYTES = 65536
PAGE_PIXELS = (1000, 900)
# Rich's SVG asks a server for its font; the reader's own monospaced font has to do.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def _report(stdout: int, *options: str) -> None:
    """Write `zeeksmtp report` on the bundled logs to a file descriptor."""
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", "zeeksmtp", "report", LOGS, "--quiet", *options]
    subprocess.run(command, env=environment, check=True, stdout=stdout)  # noqa: S603 - our own program


def _coloured() -> str:
    """Return the report as it is on a terminal; a screen of text fits into a terminal's buffer."""
    reader, terminal_side = pty.openpty()
    _report(terminal_side)
    text = os.read(reader, MAX_SCREEN_BYTES).decode()
    os.close(terminal_side)
    os.close(reader)
    return text.replace("\r\n", "\n")


def terminal() -> str:
    """Return the terminal report as SVG."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.assemble(("$ ", "dim"), f"zeeksmtp report {LOGS}"))
        console.print(Text.from_ansi(_coloured()))
    drawn = console.export_svg(title="zeeksmtp report", unique_id="zeeksmtp")
    return (
        FONT_FACE.sub("", drawn)
        .replace("Fira Code, monospace", "ui-monospace, monospace")
        .replace("Fira Code", "monospace")
    )


def page(target: Path) -> None:
    """Write a screenshot of the head of the page as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        _report(subprocess.DEVNULL, "-o", f"{folder}/report.html")
        size = f"--window-size={','.join(map(str, PAGE_PIXELS))}"
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", size, f"--screenshot={target}"]
        command = ["chromium", *options, f"--user-data-dir={folder}/profile", f"file://{folder}/report.html"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - a page without scripts


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "terminal.svg").write_text(terminal(), "utf-8")
    page(PICTURES / "page.png")
