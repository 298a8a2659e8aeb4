"""Secrets of delivery: from the environment, or from the first line of a file that is closed to others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import SecretStr

from zeeksmtp.errors import DeliveryError

MAX_LINE_BYTES = 4096


def read_secret(key: str, given: SecretStr | None, file: Path | None) -> str:
    """Return a secret; the environment wins over the file, which the setting `key`_file names.

    Raises:
        DeliveryError: What is wrong with it; the text never holds it.
    """
    secret = given.get_secret_value() if given is not None else _from_file(key, file)
    # Nothing else fits into a line of SMTP or a header of HTTP, and the library's error would quote it.
    if not (secret.isascii() and secret.isprintable()):
        raise DeliveryError(f"the {_noun(key)} has characters that cannot be sent; choose one of printable ASCII")
    return secret


def _from_file(key: str, path: Path | None) -> str:
    assert path is not None  # noqa: S101 - for the type checker: whoever calls has one or the other
    try:
        line = _first_line(key, path)
    except OSError as error:
        raise DeliveryError(f"{key}_file {path}: {error.strerror}; make it readable for zeeksmtp alone") from error
    if not line:
        raise DeliveryError(f"{key}_file {path}: its first line is empty; write the {_noun(key)} there")
    return line


def _first_line(key: str, path: Path) -> str:
    """Check and read the same open file: between a check of its name and a read it could be replaced."""
    # A pipe without a writer must not hold us up.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise DeliveryError(f"{key}_file {path}: not a file; name one that holds the {_noun(key)}")
        if mode & 0o077:
            raise DeliveryError(f"{key}_file {path}: others have access to it; run chmod 600 on it")
        return file.readline(MAX_LINE_BYTES).decode("utf-8", "replace").rstrip("\r\n")


def _noun(key: str) -> str:
    return key.replace("_", " ")
