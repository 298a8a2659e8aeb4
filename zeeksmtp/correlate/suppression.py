"""`[[suppress]]`: what the operator knows and accepts."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from zeeksmtp import detectors, registry
from zeeksmtp.settings_sources import nearest


def _detector_id(name: str) -> str:
    ids = [stem.replace("_", "-") for stem in registry.names(detectors)]
    if name not in ids:
        raise PydanticCustomError("detector", "no such detector{hint}", {"hint": nearest(name, ids)})
    return name


Address = Annotated[IPv4Address | IPv6Address, BeforeValidator(lambda value: ip_address(str(value)))]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(lambda value: ip_network(str(value)))]
DetectorId = Annotated[str, AfterValidator(_detector_id)]


class Suppression(BaseModel):
    """One `[[suppress]]` entry: findings that match everything it names are counted, not shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    finding: str | None = Field(None, pattern="^[0-9a-f]{16}$", description="id of a finding")
    detector: DetectorId | None = Field(None, description="id of a detector")
    client: Address | None = Field(None, description="address of a client")
    server: Address | None = Field(None, description="address of a server")
    account: str | None = Field(None, description="account that it concerns alone, in any of its forms")
    network: Network | None = Field(None, description="network that every client of the finding lies in")
    reason: str = Field(min_length=1, description="why; required, for whoever reads the file next")
    expires: date | None = Field(None, description="first day (UTC) on which the entry no longer holds")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if all(
            value is None
            for value in (self.finding, self.detector, self.client, self.server, self.account, self.network)
        ):
            raise PydanticCustomError("empty", "it must name a finding, detector, client, server, account or network")
        return self
