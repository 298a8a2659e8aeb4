"""To files: one for each pattern in `report_files`, in the format that the pattern's end asks for."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from zeeksmtp import whole_files
from zeeksmtp.config import Settings
from zeeksmtp.delivery._contents import Contents
from zeeksmtp.delivery._parcel import Carrier, Parcel
from zeeksmtp.delivery_settings import FORM_OF
from zeeksmtp.errors import DeliveryError


def _configured(settings: Settings) -> bool:
    return bool(settings.report_files)


def _carry(parcel: Parcel, settings: Settings) -> None:
    # The date of the report, not of the attempt: a second attempt must not leave a second file.
    date = Contents.of(parcel).generated.astimezone(ZoneInfo(settings.timezone))
    for pattern in settings.report_files:
        _write(Path(pattern.format(date=date)), parcel)


def _write(target: Path, parcel: Parcel) -> None:
    try:
        _make(target.parent)
        whole_files.write(target, [parcel.render(FORM_OF[target.suffix])])
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError(
            f"report file {target}: {reason}; make room, give access, or change `report_files`"
        ) from error


def _make(folder: Path) -> None:
    """Make a folder and those above it, each for its owner alone."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


CARRIER = Carrier("file", _configured, _carry)
