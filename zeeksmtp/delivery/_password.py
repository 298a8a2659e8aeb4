"""The password of the mail server: from the environment, or from a file that is closed to others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pydantic import SecretStr

from zeeksmtp.delivery_settings import Mail
from zeeksmtp.errors import DeliveryError

MAX_LINE_BYTES = 4096


def read_password(mail: Mail) -> SecretStr:
    """Return the password; the environment wins. `DeliveryError`, which never holds it, says what is wrong with it."""
    secret = mail.password or _from_file(mail.password_file)
    # The standard library sends no other; the error that it raises would quote from the password.
    if not (secret.get_secret_value().isascii() and secret.get_secret_value().isprintable()):
        raise DeliveryError("mail: the password has characters that cannot be sent; choose one of printable ASCII")
    return secret


def _from_file(path: Path | None) -> SecretStr:
    assert path is not None  # noqa: S101 - for the type checker: settings with a user have one or the other
    try:
        line = _first_line(path)
    except OSError as error:
        raise DeliveryError(f"password_file {path}: {error.strerror}; make it readable for zeeksmtp alone") from error
    if not line:
        raise DeliveryError(f"password_file {path}: its first line is empty; write the password there")
    return SecretStr(line)


def _first_line(path: Path) -> str:
    """Check and read the same open file: between a check of its name and a read it could be replaced."""
    # A pipe without a writer must not hold us up.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise DeliveryError(f"password_file {path}: not a file; name one that holds the password")
        if mode & 0o077:
            raise DeliveryError(f"password_file {path}: others have access to it; run chmod 600 on it")
        return file.readline(MAX_LINE_BYTES).decode("utf-8", "replace").rstrip("\r\n")
