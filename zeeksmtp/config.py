"""The settings: flags, then `ZEEKSMTP_…` in the environment, then a TOML file, then defaults.

A key that is not known and a value that makes no sense are refused in one line that names the place and the
nearest right key: a misspelt threshold that is silently ignored is worse than no run.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from zeeksmtp import registry
from zeeksmtp.errors import ConfigError, UsageError, ZeekSmtpError
from zeeksmtp.model import Detector, Params, Site
from zeeksmtp.toml_lines import lines_of

PREFIX = "ZEEKSMTP_"
OWN_VARIABLES = frozenset({"ZEEKSMTP_DEBUG"})
"""Variables that are no settings: `ZEEKSMTP_DEBUG=1` shows the traceback of an internal error."""

ROLES = ("relay", "submission-server", "workstation", "appliance", "bulk-sender", "scanner", "gateway", "other")
"""What a host can be; `gateway` stands for many hosts (NAT, proxy), so its findings are not one actor's."""

PLACES = (Path("zeeksmtp.toml"), Path("/etc/zeeksmtp.toml"))
"""Where a config file is looked for when none is named; the first that is there counts, alone."""


def _nearest(word: str, known: Iterable[str]) -> str:
    best = difflib.get_close_matches(word, list(known), n=1, cutoff=0)
    return f"; nearest is `{best[0]}`" if best else ""


def _detectors() -> Mapping[str, Detector]:
    return {unit.id: unit for unit in registry.discover("zeeksmtp.detectors", "DETECTOR").values()}


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        hint = _nearest(name, zoneinfo.available_timezones())
        raise PydanticCustomError("zone", "no such time zone{hint}", {"hint": hint}) from None
    return name


def _detector_id(name: str) -> str:
    ids = [stem.replace("_", "-") for stem in registry.names("zeeksmtp.detectors")]
    if name not in ids:
        raise PydanticCustomError("detector", "no such detector{hint}", {"hint": _nearest(name, ids)})
    return name


def _sections(value: object) -> dict[str, Params]:
    """Judge each section by the `Params` of its detector; the model's own errors keep their place."""
    fields: dict[str, Any] = {name: (detector.params, None) for name, detector in _detectors().items()}
    sections = create_model("Sections", __config__=ConfigDict(extra="forbid"), **fields).model_validate(value)
    return {name: params for name, params in sections if params is not None}


def _role(name: str) -> str:
    if name not in ROLES:
        raise PydanticCustomError("role", "no such role{hint}", {"hint": _nearest(name, ROLES)})
    return name


def _split(value: object) -> object:
    """Allow `a,b` where the environment can only give one string."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(lambda value: ip_address(str(value)))]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(lambda value: ip_network(str(value)))]
Zone = Annotated[str, AfterValidator(_zone)]
Role = Annotated[str, AfterValidator(_role)]
DetectorId = Annotated[str, AfterValidator(_detector_id)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split)]
Sections = Annotated[dict[str, Params], BeforeValidator(_sections)]


class Suppression(BaseModel):
    """One `[[suppress]]` entry: findings that match everything it names are counted, not shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detector: DetectorId | None = Field(None, description="id of a detector")
    client: Address | None = Field(None, description="address of a client")
    server: Address | None = Field(None, description="address of a server")
    account: str | None = Field(None, description="account, in any of the forms it is logged in")
    network: Network | None = Field(None, description="network that every client of the finding lies in")
    reason: str = Field(min_length=1, description="why; required, for whoever reads the file next")
    expires: date | None = Field(None, description="first day (UTC) on which the entry no longer holds")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if all(value is None for value in (self.detector, self.client, self.server, self.account, self.network)):
            raise PydanticCustomError("empty", "it must name a detector, client, server, account or network")
        return self


class Settings(BaseSettings):
    """Everything that an operator can set. Get one from `load`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__")

    log_dir: Path | None = Field(None, description="folder of Zeek logs that scheduled passes read")
    state_dir: Path | None = Field(None, description="folder where scheduled passes keep lake and state")
    local_nets: Networks = Field((), description="the site's own networks; empty: Zeek's `local_orig` decides")
    timezone: Zone = Field("UTC", description="IANA zone of working hours, weekdays and times without a zone")
    settle_seconds: int = Field(
        120, ge=0, le=86_400, description="seconds without a change before a scheduled pass takes a file"
    )
    retention_days: int = Field(
        35, ge=1, le=3650, description="days of history kept; 35 hold each hour of the week five times"
    )
    alpha: float = Field(
        1e-6, gt=0, lt=1, description="false alarms of a sequential test per innocent trial (Lorden 1971)"
    )
    false_discovery_rate: float = Field(
        0.01, gt=0, lt=1, description="share of false ones among unusual hours (Benjamini and Hochberg 1995)"
    )
    link_hours: float = Field(
        24, gt=0, le=720, description="longest gap in hours between neighbouring findings of an incident"
    )
    detectors: Sections = Field({}, description="one section for each detector id")
    roles: dict[Address, Role] = Field({}, description="address to role, where the learned role is wrong")
    suppress: tuple[Suppression, ...] = Field((), description="findings that are known and accepted")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - named by the base class
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else: `load` merges, so that it can name the source at fault."""
        return (init_settings,)

    @property
    def site(self) -> Site:
        """Give what the facts need to know of the place."""
        roles = sorted((str(host), role) for host, role in self.roles.items())
        return Site(local_nets=self.local_nets, timezone=self.timezone, roles=tuple(roles))

    def params(self, detector_id: str) -> Params:
        """Give the parameters of a detector: its section, or its defaults."""
        given = self.detectors.get(detector_id)
        return _detectors()[detector_id].params() if given is None else given


@dataclass(frozen=True, slots=True)
class _Source:
    """Values from one place; `place` words where a path of keys stands in it."""

    values: Mapping[str, Any]
    place: Callable[[tuple[str | int, ...]], str]
    error: type[ZeekSmtpError] = ConfigError

    def depth(self, path: Sequence[str | int]) -> int:
        """Count how many steps of `path` can be gone in here."""
        at: Any = self.values
        for step, key in enumerate(path):
            try:
                at = at[key]
            except (KeyError, IndexError, TypeError):
                return step
        return len(path)


def _flag(path: tuple[str | int, ...]) -> str:
    name = str(path[0]).replace("_", "-")
    return "--local-net" if name == "local-nets" else f"--{name}"


def _variable(path: tuple[str | int, ...]) -> str:
    """Name the variable that set `path`: the longest that is there, since a shorter one can hold JSON."""
    joined = ("__".join(map(str, path[:end])) for end in range(len(path), 0, -1))
    names = [PREFIX + name.replace("-", "_").upper() for name in joined]
    there = {name.upper() for name in os.environ}
    return next((name for name in names if name in there), names[-1])


def _line(file: Path, lines: Mapping[tuple[str | int, ...], int], path: tuple[str | int, ...]) -> str:
    known = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 1)
    return f"{file}:{known}"


def _environment() -> _Source:
    for name in sorted(os.environ):
        key = name.upper().removeprefix(PREFIX).lower().partition("__")[0]
        if name.upper().startswith(PREFIX) and name not in OWN_VARIABLES and key not in Settings.model_fields:
            raise ConfigError(f"{name}: unknown setting `{key}`{_nearest(key, Settings.model_fields)}")
    try:
        values = EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise ConfigError(f"environment: {error}; this setting takes JSON") from error
    if isinstance(sections := values.get("detectors"), dict):
        # A shell cannot name a variable with `-`.
        values["detectors"] = {name.replace("_", "-"): section for name, section in sections.items()}
    return _Source(values, _variable)


def _file(file: Path) -> _Source:
    try:
        text = file.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        at = line[1] if line else text.count("\n") + 1
        raise ConfigError(f"{file}:{at}: no valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); name another with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    return _Source(values, partial(_line, file, lines_of(text)))


def _known(path: tuple[str | int, ...]) -> Iterable[str]:
    """Give the right keys at the place where the last key of `path` is wrong."""
    match path[:-1]:
        case ():
            return Settings.model_fields
        case ("suppress", _):
            return Suppression.model_fields
        case ("detectors",):
            return _detectors()
        case ("detectors", str(name)):
            return _detectors()[name].params.model_fields
    return ()


def _refusal(error: ErrorDetails, sources: Sequence[_Source]) -> ZeekSmtpError:
    path = error["loc"]
    source = max(sources, key=lambda source: source.depth(path))
    key = ".".join(str(step) for step in path if step != "[key]")
    if error["type"] == "extra_forbidden":
        what = f"unknown key `{key}`{_nearest(str(path[-1]), _known(path))}"
    else:
        what = f"`{key}`: {error['msg'].removeprefix('Value error, ')}"
    line = f"{source.place(path)}: {what}"
    return source.error("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `high` over `low`; tables are merged key by key, anything else is replaced."""
    tables = [key for key in low.keys() & high.keys() if isinstance(low[key], dict) and isinstance(high[key], dict)]
    return {**low, **high, **{key: _merged(low[key], high[key]) for key in tables}}


def load(file: Path | None = None, **flags: object) -> Settings:
    """Merge flags, environment, config file and defaults.

    Args:
        file: The config file; `None` looks at `PLACES`.
        flags: Top-level settings; `None` means that the flag was not given.

    Returns:
        The settings, checked as a whole.

    Raises:
        ConfigError: A file cannot be used, or a key or value in file or environment is wrong.
        UsageError: The value of a flag is wrong.
    """
    named = file or next((place for place in PLACES if place.is_file()), None)
    given = {name: value for name, value in flags.items() if value is not None}
    sources = [_Source(given, _flag, UsageError), _environment(), *([_file(named)] if named else [])]
    values: dict[str, Any] = {}
    for source in reversed(sources):
        values = _merged(values, source.values)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # A misspelt key comes first: what is missing is missing because of it.
        first = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
        raise _refusal(first, sources) from error
