"""Mail providers that end passwords for SMTP: by which names, greetings and addresses their servers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Provider:
    """How servers of a provider are recognised.

    `submission_names` are what clients that log in look up; names of servers that take mail from anybody end in
    `mx_suffixes`. `greeting` is a pattern of greetings. `submission_nets` and `mx_nets` are published ranges.
    """

    submission_names: tuple[str, ...]
    mx_suffixes: tuple[str, ...]
    greeting: str
    submission_nets: tuple[str, ...]
    mx_nets: tuple[str, ...]


PROVIDERS: Final[Mapping[str, Provider]] = {
    # Ranges: Microsoft, "Microsoft 365 URLs and IP address ranges", Exchange Online, ids 2 and 10.
    "Exchange Online": Provider(
        submission_names=(
            "smtp.office365.com",
            "smtp-legacy.office365.com",
            "outlook.office365.com",
            "smtp-mail.outlook.com",
        ),
        mx_suffixes=(".mail.protection.outlook.com",),
        greeting=r"\.(?:outlook\.office365|(?:prod|mail\.protection)\.outlook)\.com Microsoft ESMTP",
        submission_nets=(
            *("13.107.6.152/31", "13.107.18.10/31", "13.107.128.0/22", "23.103.160.0/20", "40.96.0.0/13"),
            *("40.104.0.0/15", "52.96.0.0/14", "131.253.33.215/32", "132.245.0.0/16", "150.171.32.0/22"),
            *("204.79.197.215/32", "2603:1006::/40", "2603:1016::/36", "2603:1026::/36", "2603:1036::/36"),
            *("2603:1046::/36", "2603:1056::/36", "2620:1ec:8f0::/46", "2620:1ec:900::/46"),
        ),
        mx_nets=("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17", "2a01:111:f400::/48"),
    ),
    # Ranges: Google, gstatic.com/ipranges/goog.json, without those of its cloud.
    "Google": Provider(
        submission_names=("smtp.gmail.com", "smtp.googlemail.com"),
        mx_suffixes=(),
        greeting=r"^smtp\.gmail\.com ESMTP",
        submission_nets=(
            *("64.233.160.0/19", "66.102.0.0/20", "72.14.192.0/18", "74.125.0.0/16", "108.177.0.0/17"),
            *("142.250.0.0/15", "172.217.0.0/16", "172.253.0.0/16", "173.194.0.0/16", "209.85.128.0/17"),
            *("216.58.192.0/19", "2404:6800::/32", "2607:f8b0::/32", "2a00:1450::/32"),
        ),
        mx_nets=(),
    ),
}

ALL_NAMES: Final = tuple(name for provider in PROVIDERS.values() for name in provider.submission_names)
ALL_SUFFIXES: Final = tuple(suffix for provider in PROVIDERS.values() for suffix in provider.mx_suffixes)
