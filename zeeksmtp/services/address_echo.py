"""Services that reply with the address of who asks: programs learn by them where they run."""

from typing import Final

# MITRE ATT&CK T1016 (System Network Configuration Discovery). These are the services that reports about stealers name
# and that Sigma's rule ec82e2a5-81ea-4211-a1f8-37a0286df2c2 ("IP Lookup Service APIs") looks for.
ADDRESS_ECHO: Final = (
    "api.ipify.org",
    "api64.ipify.org",
    "checkip.amazonaws.com",
    "checkip.dyndns.org",
    "freegeoip.app",
    "icanhazip.com",
    "ident.me",
    "ifconfig.io",
    "ifconfig.me",
    "ip-api.com",
    "ipecho.net",
    "ipinfo.io",
    "ipv4.icanhazip.com",
    "myexternalip.com",
    "reallyfreegeoip.org",
    "whatismyipaddress.com",
    "wtfismyip.com",
)
