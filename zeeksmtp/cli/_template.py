"""The text of a new zeeksmtp.toml: every setting with its meaning and default, commented out but for what is given."""

from __future__ import annotations

import json
import textwrap
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

_WIDTH = 96
_HEAD = """\
# Settings of zeeksmtp. A line that starts with `#` and a key shows the default; take the `#` away to change it.
# All keys, and what else can be set by flags and environment: docs/config.md
"""


def template(model: type[BaseModel], given: Mapping[str, object], proposed: Mapping[str, object]) -> str:
    """Return the text of a config file for `model` that sets what is `given` and shows the rest.

    What is `proposed` stands in a comment in the place of the default. Top-level keys come first and tables last, as
    TOML demands.
    """
    fields = {_key(name, field): (field, _table(field.annotation)) for name, field in model.model_fields.items()}
    keys = [
        _entry(name, field, given.get(name), proposed.get(name))
        for name, (field, table) in fields.items()
        if table is None
    ]
    tables = [_section(name, field, table) for name, (field, table) in fields.items() if table is not None]
    return "\n".join([_HEAD, *keys, *tables])


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _blank(annotation: Any) -> object:
    """Return what stands for a value that has no default."""
    origins = {get_origin(part) or part for part in (get_args(annotation) or (annotation,))} | {get_origin(annotation)}
    return () if origins & {tuple, list} else 0 if int in origins else ""


def _entry(name: str, field: FieldInfo, value: object, proposal: object) -> str:
    shown = next((item for item in (value, proposal) if item is not None), _default(field))
    hint = "# What the logs show; unset by default:\n" if value is None and proposal is not None else ""
    return f"{_comment(field)}{hint}{'' if value is not None else '#'}{name} = {_toml(shown)}\n"


def _section(name: str, field: FieldInfo, table: tuple[str, type[BaseModel] | None]) -> str:
    form, inner = table
    lines = [f"{_comment(field)}#{form.format(name)}"]
    for key, value in _shown(name, inner):
        lines.append(f"#{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _shown(name: str, inner: type[BaseModel] | None) -> Iterator[tuple[str, object]]:
    """Return keys of a table with their defaults, or an example where the keys are names of the site's own."""
    if inner is not None:
        for key, field in inner.model_fields.items():
            if SecretStr not in get_args(field.annotation):  # a file is no place for it
                yield _key(key, field), _default(field)
    elif name == "roles":
        yield '"10.0.0.25"', "relay"
    elif name == "detectors":
        yield "user-enumeration.min_names", 5


def _table(annotation: Any) -> tuple[str, type[BaseModel] | None] | None:
    """Return how a setting's table is written and the model of its entries; `None` if it is no table."""
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "[{}]", annotation
    if origin in (Union, types.UnionType):
        return next((found for arg in args if (found := _table(arg))), None)
    if origin is tuple and isinstance(args[0], type) and issubclass(args[0], BaseModel):
        return "[[{}]]", args[0]
    if origin is dict and isinstance(args[1], type) and issubclass(args[1], BaseModel):
        return "[{}.name]", args[1]
    return ("[{}]", None) if origin is dict else None


def _default(field: FieldInfo) -> object:
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    return _blank(field.annotation) if value is None else value


def _comment(field: FieldInfo) -> str:
    words = textwrap.wrap(field.description or "", _WIDTH)
    return "".join(f"# {line}\n" for line in words)


def _toml(value: object) -> str:
    if isinstance(value, Path):
        return _toml(str(value))
    if isinstance(value, tuple):
        return json.dumps([str(item) for item in value], ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)
