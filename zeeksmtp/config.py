"""The settings: flags, then `ZEEKSMTP_…` in the environment, then a TOML file, then defaults.

A key that is not known and a value that makes no sense are refused in one line that names the place and the
nearest right key: a misspelt threshold that is silently ignored is worse than no run.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticCustomError

import zeeksmtp.detectors
from zeeksmtp import registry
from zeeksmtp.assets import Inventory, inventory
from zeeksmtp.correlate.suppression import Address, Network, Suppression
from zeeksmtp.delivery_settings import (
    WEBHOOK_SECRETS,
    FilePatterns,
    Mail,
    MetricsFile,
    ReportCommand,
    Syslog,
    Webhook,
    split,
)
from zeeksmtp.errors import ConfigError, ZeekSmtpError
from zeeksmtp.geo import GeoDatabases, open_databases
from zeeksmtp.model import Detector, Params, Severity, Site
from zeeksmtp.settings_sources import LISTED, SettingsSource, environment, flags, merged, nearest, toml_file
from zeeksmtp.toml_lines import Keys

ROLES = (
    "relay",
    "submission-server",
    "workstation",
    "appliance",
    "bulk-sender",
    "scanner",
    "monitoring-probe",
    "gateway",
    "other",
)
"""What a host can be; `gateway` stands for many hosts (NAT, proxy), so its findings are not one actor's."""

PLACES = (Path("zeeksmtp.toml"), Path("/etc/zeeksmtp.toml"))
"""Where a config file is looked for when none is named; the first that is there counts, alone."""


@cache
def _detectors() -> Mapping[str, Detector]:
    return {unit.id: unit for unit in registry.discover(zeeksmtp.detectors, "DETECTOR").values()}


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        hint = nearest(name, zoneinfo.available_timezones())
        raise PydanticCustomError("zone", "no such time zone{hint}", {"hint": hint}) from None
    return name


def _sections(value: object) -> dict[str, Params]:
    """Judge each section by the `Params` of its detector; the model's own errors keep their place."""
    fields: dict[str, Any] = {name: (detector.params, None) for name, detector in _detectors().items()}
    model: type[BaseModel] = create_model("Sections", __config__=ConfigDict(extra="forbid"), **fields)
    sections = model.model_validate(value)
    return {name: params for name, params in sections if params is not None}


def _role(name: str) -> str:
    if name not in ROLES:
        raise PydanticCustomError("role", "no such role{hint}", {"hint": nearest(name, ROLES)})
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Role = Annotated[str, AfterValidator(_role)]
Networks = Annotated[tuple[Network, ...], LISTED, BeforeValidator(split)]
Paths = Annotated[tuple[Path, ...], LISTED, BeforeValidator(split)]
Sections = Annotated[dict[str, Params], BeforeValidator(_sections)]
# A name that a variable of the environment can hold.
HookName = Annotated[str, Field(pattern="^[a-z][a-z0-9]{0,31}$")]


class Settings(BaseModel):
    """Everything that an operator can set. Get one from `load`."""

    # Defaults are right as they stand; judging them would import every detector.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=False,
        hide_input_in_errors=True,  # it may be a password
    )

    log_dir: Path | None = Field(None, description="folder of Zeek logs that scheduled passes read")
    state_dir: Path | None = Field(None, description="folder where scheduled passes keep lake and state")
    lake_dir: Path | None = Field(
        None,
        description="folder in which a report keeps its lake while it runs; unset: `TMPDIR`. "
        "With `--engine dask` one that all workers see",
    )
    lake_url: str | None = Field(
        None,
        description="object store, such as `s3://bucket/prefix`, through which workers of `--engine dask` hand over "
        "what they read, where no folder is shared",
    )
    dask_scheduler: str | None = Field(None, description="address of the scheduler for `--engine dask`")
    local_nets: Networks = Field((), description="the site's own networks; empty: Zeek's `local_orig` decides")
    timezone: Zone = Field("UTC", description="IANA zone of working hours, weekdays and times without a zone")
    settle_seconds: int = Field(
        120, ge=0, le=86_400, description="seconds without a change before a scheduled pass takes a file"
    )
    assets: Path | None = Field(
        None,
        description="CSV file of the site's hosts: columns `address` (or network), `name`, and if you like `owner`, "
        "`contact`, `role`; shown beside addresses",
    )
    mmdb: Paths = Field(
        (),
        description="databases in MaxMind's format (ASN, country); needs `zeeksmtp[geo]`. Networks of campaigns and of "
        "`account-abuse` are then autonomous systems",
    )
    retention_days: int = Field(
        35, ge=1, le=3650, description="days of history kept; 35 hold each hour of the week five times"
    )
    max_unpacked_gib: float = Field(
        100, gt=0, le=100_000, description="GiB that a packed log may unpack to; of a larger one the rest is not read"
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
    max_minor_findings: int = Field(
        50,
        ge=0,
        le=100_000,
        description="findings below medium that a report lists, shared among the detectors; the others are counted",
    )
    detectors: Sections = Field({}, description="one section for each detector id")
    roles: dict[Address, Role] = Field({}, description="address to role, where the learned role is wrong")
    suppress: tuple[Suppression, ...] = Field((), description="findings that are known and accepted")
    report_severity: Severity = Field(
        Severity.MEDIUM,
        description="lowest severity of news that makes a scheduled pass report; what is new below it waits for the "
        "next report",
    )
    report_files: FilePatterns = Field(
        (), description="files that each report of a scheduled pass is written to; the name's end says the format"
    )
    report_command: ReportCommand | None = Field(None, description="program that gets each report of a scheduled pass")
    metrics_file: MetricsFile | None = Field(
        None, description="file ending in .prom that each scheduled pass writes for Prometheus' node_exporter"
    )
    mail: Mail | None = Field(None, description="where reports of scheduled passes are mailed to, and how")
    syslog: Syslog | None = Field(None, description="collector that gets each report of a scheduled pass as messages")
    webhooks: dict[HookName, Webhook] = Field({}, description="addresses that get each report of a scheduled pass")

    @property
    def site(self) -> Site:
        """Return what the facts need to know of the place."""
        roles = sorted((str(host), role) for host, role in self.roles.items())
        return Site(local_nets=self.local_nets, timezone=self.timezone, roles=tuple(roles), geo=self.geo)

    @property
    def inventory(self) -> Inventory:
        """Return the site's own list of hosts. Raises `ConfigError` for a file that cannot be used."""
        return Inventory() if self.assets is None else inventory(self.assets)

    @property
    def geo(self) -> GeoDatabases | None:
        """Return the databases of networks and countries. Raises `ConfigError` for one that cannot be used."""
        return open_databases(self.mmdb)

    def params(self, detector_id: str) -> Params:
        """Return the parameters of a detector: its section, or its defaults."""
        given = self.detectors.get(detector_id)
        return _detectors()[detector_id].params() if given is None else given


_TABLES: Mapping[str, type[BaseModel]] = {
    "mail": Mail,
    "report_command": ReportCommand,
    "syslog": Syslog,
    "webhooks": Webhook,
}


def _known(path: Keys) -> Iterable[str]:
    """Return the right keys at the place where the last key of `path` is wrong."""
    match path[:-1]:
        case ():
            return Settings.model_fields
        case ("suppress", _):
            return Suppression.model_fields
        case (str(name), *_) if name in _TABLES:
            return [field.alias or key for key, field in _TABLES[name].model_fields.items()]
        case ("detectors",):
            return _detectors()
        case ("detectors", str(name)):
            return _detectors()[name].params.model_fields
    return ()


def _refusal(error: ErrorDetails, sources: Sequence[SettingsSource]) -> ZeekSmtpError:
    path = error["loc"]
    source = max(sources, key=lambda source: source.depth(path))
    key = ".".join(str(step) for step in path if step != "[key]")
    if error["type"] == "extra_forbidden":
        what = f"unknown key `{key}`{nearest(str(path[-1]), _known(path))}"
    else:
        what = f"`{key}`: {error['msg'].removeprefix('Value error, ')}"
    line = f"{source.place(path)}: {what}"
    return source.error("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


def _refuse_secrets(file: SettingsSource) -> None:
    """Refuse a secret in a file that others may read: `ConfigError` with its place and where it belongs."""
    hooks = file.values.get("webhooks")
    names = hooks if isinstance(hooks, dict) else ()
    secrets = [("mail", "password"), *(("webhooks", name, key) for name in names for key in WEBHOOK_SECRETS)]
    for keys in secrets:
        if file.depth(keys) == len(keys):
            *_, key = keys
            noun = WEBHOOK_SECRETS.get(key, key)
            raise ConfigError(
                f"{file.place(keys)}: a config file is no place for a {noun}: others may read it; "
                f"name a `{key}_file`, or set ZEEKSMTP_{'__'.join(keys).upper()}"
            )


def load(file: Path | None = None, **given: object) -> Settings:
    """Merge flags, environment, config file and defaults.

    Args:
        file: The config file; `None` looks at `PLACES`.
        given: Flags, by the name of the top-level setting; `None` means that the flag was not given.

    Returns:
        The settings, checked as a whole.

    Raises:
        ConfigError: A file cannot be used, or a key or value in file or environment is wrong.
        UsageError: The value of a flag is wrong.
    """
    named = file or next((place for place in PLACES if place.is_file()), None)
    files = [toml_file(named)] if named else []
    for source in files:
        _refuse_secrets(source)
    sources = [flags(given), environment(Settings), *files]
    try:
        settings = Settings.model_validate(merged(sources))
    except ValidationError as error:
        # A misspelt key comes first: what is missing is missing because of it.
        first = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
        raise _refusal(first, sources) from error
    _ = settings.inventory, settings.geo  # what cannot be used is refused before the work, not after it
    return settings
