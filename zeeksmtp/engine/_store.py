"""The way of parts through an object store: workers put them there, the reporting machine fetches each once."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zeeksmtp.errors import UnusableError


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A place under a URL that fsspec knows, such as `s3://bucket/prefix`, for the parts of one run.

    Credentials come from where the store's own client looks for them (`AWS_…`, a profile, the machine's role). All
    methods raise `UnusableError` if the store does not serve.
    """

    url: str

    def check(self) -> None:
        """Write something, so that what is wrong shows before the work."""
        self._do("pipe_file", ".seen", b"")

    def put(self, part: Path, log: str) -> None:
        """Take a part in; an object is there whole or not at all."""
        self._do("put_file", f"{log}/{part.name}", source=str(part))

    def fetch(self, name: str, log: str, lake: Path) -> Path:
        """Bring a part into a lake, whole or not at all; give its path."""
        folder = lake / log
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=folder)  # 0600 from the start
        os.close(descriptor)
        try:
            self._do("get_file", f"{log}/{name}", temporary)
            return Path(temporary).replace(folder / name)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all that the run has put there."""
        self._do("rm", "", recursive=True)

    def _do(self, method: str, name: str, *more: Any, source: str | None = None, **options: Any) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - comes with an extra

            files, root = url_to_fs(self.url)
            there = f"{root}/{name}".rstrip("/")
            getattr(files, method)(*([source] if source else []), there, *more, **options)
        except (ImportError, OSError, ValueError) as error:
            raise UnusableError(f"lake_url {self.url} does not serve ({error}); see docs/scale.md") from error
