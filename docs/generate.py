"""Write the pages that are derived from the code, or with `--check` says which are stale."""

import sys
from collections.abc import Mapping
from pathlib import Path

import docs._pages
from zeeksmtp import registry

DOCS = Path(__file__).parent


def pages() -> Mapping[Path, str]:
    """Return every generated page by its path."""
    modules = registry.discover(docs._pages, "PAGE")
    return {DOCS / file: sys.modules[f"docs._pages.{name}"].page() for name, file in modules.items()}


def stale() -> list[Path]:
    """List the pages that are not what the code says."""
    return [path for path, text in pages().items() if not path.is_file() or path.read_text("utf-8") != text]


def main(words: list[str]) -> int:
    """Write the pages, or check them; give the exit code."""
    if "--check" in words:
        old = stale()
        sys.stderr.writelines(f"{path.relative_to(DOCS.parent)} is stale; run `make docs`\n" for path in old)
        return int(bool(old))
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
