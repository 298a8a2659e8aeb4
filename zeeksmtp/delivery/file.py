"""Files: one for each pattern in `report_files`, in the format that the suffix of the pattern stands for."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from zeeksmtp import whole_files
from zeeksmtp.config import Settings
from zeeksmtp.delivery._summary import ReportSummary
from zeeksmtp.delivery._transport import Transport
from zeeksmtp.delivery_settings import FORM_OF
from zeeksmtp.envelope import Envelope
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import View


def _destinations(settings: Settings) -> list[str]:
    return [""] * bool(settings.report_files)


def _send(envelope: Envelope, settings: Settings, _destination: str) -> None:
    # The date of the report, not of the attempt: a second attempt must not leave a second file.
    date = ReportSummary.of(envelope).generated.astimezone(ZoneInfo(settings.timezone))
    for pattern in settings.report_files:
        target = Path(pattern.format(date=date))
        _write(target.with_stem(f"{target.stem}-test") if envelope.test else target, envelope)


def _write(target: Path, envelope: Envelope) -> None:
    try:
        _create_folder(target.parent)
        whole_files.write(target, [envelope.render(FORM_OF[target.suffix], View())])
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError(
            f"report file {target}: {reason}; make room, give access, or change `report_files`"
        ) from error


def _create_folder(folder: Path) -> None:
    """Create a folder and those above it, each for its owner alone."""
    if not folder.is_dir():
        _create_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


TRANSPORT = Transport("file", _destinations, _send)
