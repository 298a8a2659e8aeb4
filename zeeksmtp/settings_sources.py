"""Where settings come from, and how each place words where a key stands in it: `--alpha`, a variable, `file:line`."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from zeeksmtp.errors import ConfigError, UsageError, ZeekSmtpError
from zeeksmtp.toml_lines import Keys, lines_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings

PREFIX = "ZEEKSMTP_"
LISTED = "a,b"
"""Marks a field whose variable is a list with commas, not JSON."""


@dataclass(frozen=True, slots=True)
class SettingsSource:
    """Values from one place; `place` words where keys stand in it, `error` is what a wrong one raises."""

    values: Mapping[str, Any]
    place: Callable[[Keys], str]
    error: type[ZeekSmtpError] = ConfigError

    def depth(self, keys: Keys) -> int:
        """Count how many of `keys`, one inside the other, are there."""
        at: Any = self.values
        for step, key in enumerate(keys):
            try:
                at = at[key]
            except (KeyError, IndexError, TypeError):
                return step
        return len(keys)


def nearest(word: str, known: Iterable[str]) -> str:
    """Word the hint at the right key; empty if there is none at all."""
    best = difflib.get_close_matches(word, list(known), n=1, cutoff=0)
    return f"; nearest is `{best[0]}`" if best else ""


def flags(values: Mapping[str, object]) -> SettingsSource:
    """Return what the command line sets; `None` means that a flag was not given."""
    return SettingsSource({name: value for name, value in values.items() if value is not None}, _flag, UsageError)


def _flag(keys: Keys) -> str:
    return f"--{keys[0]}".replace("_", "-").replace("--local-nets", "--local-net")


def environment(settings: type[BaseModel]) -> SettingsSource:
    """Return what `ZEEKSMTP_…` sets; refuse a variable of that name which is no setting."""
    known = settings.model_fields
    given = [name for name in sorted(os.environ) if name.upper().startswith(PREFIX)]
    for name in given:
        key = name.upper().removeprefix(PREFIX).lower().partition("__")[0]
        if key not in known:
            raise ConfigError(f"{name}: unknown setting `{key}`{nearest(key, known)}")
    values = _values(settings) if given else {}
    if isinstance(sections := values.get("detectors"), dict):
        # A shell cannot name a variable with `-`.
        values["detectors"] = {name.replace("_", "-"): section for name, section in sections.items()}
    return SettingsSource(values, _variable)


def _values(settings: type[BaseModel]) -> dict[str, Any]:
    from pydantic_settings import EnvSettingsSource, SettingsError  # noqa: PLC0415 - takes a tenth of a second

    class Variables(EnvSettingsSource):
        def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
            listed = LISTED in getattr(field, "metadata", ())  # inside of a dictionary there is no field
            return value if listed else super().decode_complex_value(field_name, field, value)

    # It asks for no more than any model has: fields, and a config that names nothing of its own.
    kind = cast("type[BaseSettings]", settings)
    try:
        return Variables(kind, env_prefix=PREFIX, env_nested_delimiter="__")()
    except SettingsError as error:
        raise ConfigError(f"environment: {error}; this setting takes JSON") from error


def _variable(keys: Keys) -> str:
    """Name a variable that sets `keys`, something inside, or (as JSON) the longest part around."""
    joined = ("__".join(map(str, keys[:end])) for end in range(len(keys), 0, -1))
    names = [PREFIX + name.replace("-", "_").upper() for name in joined]
    there = sorted(name.upper() for name in os.environ)
    found = (var for name in names for var in there if f"{var}__".startswith(f"{name}__"))
    return next(found, names[-1])


def toml_file(path: Path) -> SettingsSource:
    """Return what a config file sets."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = line[1] if line else text.count("\n") + 1
        raise ConfigError(f"{path}:{at}: no valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name another with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return SettingsSource(values, partial(_line, path, lines_of(text)))


def _line(path: Path, lines: Mapping[Keys, int], keys: Keys) -> str:
    line = next((lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in lines), 1)
    return f"{path}:{line}"


def merged(sources: Sequence[SettingsSource]) -> dict[str, Any]:
    """Merge, the first source winning; tables are merged key by key, anything else is replaced."""
    values: dict[str, Any] = {}
    for source in reversed(sources):
        values = _laid_over(values, source.values)
    return values


def _laid_over(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    tables = [key for key in low.keys() & high.keys() if isinstance(low[key], dict) and isinstance(high[key], dict)]
    return {**low, **high, **{key: _laid_over(low[key], high[key]) for key in tables}}
