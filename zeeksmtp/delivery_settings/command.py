"""`[report_command]`: a program of the operator's own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

import zeeksmtp.outputs
from zeeksmtp import registry
from zeeksmtp.delivery_settings.section import Section
from zeeksmtp.settings_sources import nearest


def _form(name: str) -> str:
    known = registry.names(zeeksmtp.outputs)
    if name not in known:
        raise PydanticCustomError("form", "no such format{hint}", {"hint": nearest(name, known)})
    return name


Form = Annotated[str, AfterValidator(_form)]


class ReportCommand(Section):
    """`[report_command]`: a program that gets each report on its standard input."""

    run: tuple[str, ...] = Field(min_length=1, description="program and its arguments, as a list; no shell is involved")
    format: Form = Field("json", description="form of the report, as for `--format`")
    timeout_seconds: int = Field(60, ge=1, le=3600, description="seconds after which it is ended")

    @model_validator(mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("run"), str):
            raise PydanticCustomError("command", '`run` is a list: ["/usr/local/bin/ticket", "--new"]')
        return value
