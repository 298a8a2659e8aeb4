"""What the sections of delivery share: the base of their models, host names, lists that the environment can give."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = rf"{_LABEL}(?:\.{_LABEL})*"


def split(value: object) -> object:
    """Allow `a,b` where the environment can only give one string."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _host(name: str) -> str:
    if len(name) > 253 or not re.fullmatch(f"{HOST}|[0-9A-Fa-f:.]+", name):
        raise PydanticCustomError("host", "neither a host name nor an address; leave brackets and the port out")
    return name


Host = Annotated[str, AfterValidator(_host)]


class Section(BaseModel):
    """A table of the config file."""

    # Built into `Settings`, which alone is used: an own validator would be built for nothing at each start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
