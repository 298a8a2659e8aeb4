"""Exchange Server: commands for its management shell, with the names that setup gives to receive connectors."""

from zeeksmtp.hardening import MailServer, Recipe

_WHERE = "Exchange Management Shell on the server"
_SUBMISSION = '"$env:COMPUTERNAME\\Client Frontend $env:COMPUTERNAME"'
_DEFAULT = '"$env:COMPUTERNAME\\Default Frontend $env:COMPUTERNAME"'
_CHECK = "Get-ReceiveConnector | Format-List Identity, AuthMechanism, TarpitInterval, MaxProtocolErrors"
_SCHANNEL = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"

SERVER = MailServer(
    name="Exchange",
    greeting=r"(?i)microsoft esmtp",
    recipes={
        "auth-before-tls": Recipe(
            _WHERE,
            (
                f"Set-ReceiveConnector {_SUBMISSION} -AuthMechanism Tls, Integrated, BasicAuth, BasicAuthRequireTLS "
                "-RequireTLS $true",
            ),
            _CHECK,
        ),
        "recipient-probing": Recipe(
            _WHERE, (f"Set-ReceiveConnector {_DEFAULT} -TarpitInterval 00:00:10 -MaxProtocolErrors 3",), _CHECK
        ),
        "password-guessing": Recipe(
            _WHERE, (f"Set-ReceiveConnector {_SUBMISSION} -TarpitInterval 00:00:10 -MaxProtocolErrors 3",), _CHECK
        ),
        "old-tls": Recipe(
            "PowerShell as administrator; takes effect with the next restart",
            (
                'foreach ($version in "SSL 3.0", "TLS 1.0", "TLS 1.1") {',
                f'  $key = "{_SCHANNEL}\\$version\\Server"',
                "  New-Item $key -Force | Out-Null",
                "  New-ItemProperty $key -Name Enabled -Value 0 -PropertyType DWord -Force | Out-Null",
                "}",
            ),
            f'Get-ItemProperty "{_SCHANNEL}\\*\\Server" -Name Enabled',
        ),
    },
)
