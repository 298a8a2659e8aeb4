"""`zeeksmtp session`: one connection as a transcript, as an analyst would follow the stream."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _finish, _options, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.session_view.shapes import SessionView


class TranscriptFormat(StrEnum):
    """Forms of a transcript."""

    TERMINAL = "terminal"
    JSON = "json"


_Form = Annotated[
    TranscriptFormat,
    typer.Option("--format", metavar="|".join(TranscriptFormat), help="TranscriptFormat of the transcript."),
]
_Uid = Annotated[
    str, typer.Argument(metavar="UID", help="Zeek's id of the connection, of any sensor's.", show_default=False)
]


def session(
    uid: _Uid,
    paths: _options.Paths,
    *,
    form: _Form = TranscriptFormat.TERMINAL,
    output: _options.Out = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Show one connection as a transcript: greeting, commands with replies and times, logins, mails, TLS.

    Files are only searched for the uid, so this takes about as long as grep. Of a secret only its kind is shown.
    A uid that stands for several connections shows them all. A UID that begins with `-` goes after `--`.
    Exit code 3: no log under PATH has the uid; 4: a file could not be read.

    \b
    Examples:
      zeeksmtp session CHVdKpLkYdp8xYedc /opt/zeek/logs/current
      zeeksmtp session CHVdKpLkYdp8xYedc logs/ --format json -o session.json
    """
    from zeeksmtp.session_view.view import session_view  # noqa: PLC0415 - `--help` must not load polars

    _finish.check(output)
    settings = _request.settings(config, local_net)
    view, problems = session_view(paths, uid, settings.site)
    text = _written(view, form)
    if output is None:
        _say.out(text)
    else:
        _finish.write(output, [text])
        _say.note(f"connections: {len(view.sessions)}; written to {output}", quiet=quiet)
    return ExitCode.DEGRADED if problems else ExitCode.OK


def _written(view: SessionView, form: TranscriptFormat) -> str:
    from zeeksmtp.session_view import transcript  # noqa: PLC0415 - not for `--help`

    return (
        view.model_dump_json(indent=1, by_alias=True) + "\n" if form is TranscriptFormat.JSON else transcript.text(view)
    )


COMMAND = Command("session", session)
