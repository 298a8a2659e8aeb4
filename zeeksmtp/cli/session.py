"""`zeeksmtp session`: one connection as a transcript, as an analyst would follow the stream."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zeeksmtp.cli import _finish, _options, _progress, _request, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command

if TYPE_CHECKING:
    from zeeksmtp.dialogue.shapes import Telling


class Form(StrEnum):
    """Forms of a transcript."""

    TERMINAL = "terminal"
    JSON = "json"


_Form = Annotated[Form, typer.Option("--format", metavar="|".join(Form), help="Form of the transcript.")]
_Uid = Annotated[
    str, typer.Argument(metavar="UID", help="Zeek's id of the connection, of any sensor's.", show_default=False)
]


def session(
    uid: _Uid,
    paths: _options.Paths,
    *,
    form: _Form = Form.TERMINAL,
    output: _options.Out = None,
    local_net: _options.LocalNet = None,
    config: _options.Config = None,
    quiet: _options.Quiet = False,
) -> ExitCode:
    """Show one connection as a transcript: greeting, commands with replies and times, logins, mails, TLS, findings.

    Of a secret only its kind and length are shown. A uid that stands for several connections shows them all.
    A UID that begins with `-` goes after `--`. Exit code 3: no log under PATH has the uid.

    \b
    Examples:
      zeeksmtp session CHVdKpLkYdp8xYedc /opt/zeek/logs/current
      zeeksmtp session CHVdKpLkYdp8xYedc logs/ --format json -o session.json
    """
    from zeeksmtp import pipeline  # noqa: PLC0415 - `--help` must not load polars
    from zeeksmtp.dialogue.telling import tell  # noqa: PLC0415 - likewise

    _finish.check(output)
    settings = _request.settings(config, local_net)
    with _progress.watching(quiet=quiet) as watch:
        request = pipeline.Request(
            tuple(paths), settings, progress=watch.progress, started=watch.started, step=watch.step
        )
        transcript, report = tell(request, uid)
    text = _written(transcript, form)
    if output is None:
        _say.out(text)
    else:
        _finish.write(output, [text])
        _say.note(f"connections: {len(transcript.sessions)}; written to {output}", quiet=quiet)
    return _finish.verdict(report, None)


def _written(transcript: Telling, form: Form) -> str:
    from zeeksmtp.cli import _dialogue  # noqa: PLC0415 - not for `--help`

    return (
        transcript.model_dump_json(indent=1, by_alias=True) + "\n" if form is Form.JSON else _dialogue.text(transcript)
    )


COMMAND = Command("session", session)
