"""Postfix: parameters of main.cf (postconf(5))."""

from zeeksmtp.hardening import MailServer, Recipe

_WHERE, _CHECK = "/etc/postfix/main.cf", "postconf -n >/dev/null && postfix check"
_PROTOCOLS = "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"

SERVER = MailServer(
    name="Postfix",
    greeting=r"(?i)\bpostfix\b",
    recipes={
        "auth-before-tls": Recipe(_WHERE, ("smtpd_tls_auth_only = yes",), _CHECK),
        "address-disclosure": Recipe(_WHERE, ("disable_vrfy_command = yes",), _CHECK),
        "recipient-probing": Recipe(
            _WHERE,
            ("smtpd_error_sleep_time = 5s", "smtpd_soft_error_limit = 3", "smtpd_hard_error_limit = 10"),
            _CHECK,
        ),
        # A count for each anvil_rate_time_unit (60 s); clients of $mynetworks are exempt.
        "password-guessing": Recipe(_WHERE, ("smtpd_client_auth_rate_limit = 10",), _CHECK),
        "old-tls": Recipe(
            _WHERE,
            (
                f"smtpd_tls_protocols = {_PROTOCOLS}",
                f"smtpd_tls_mandatory_protocols = {_PROTOCOLS}",
                "smtpd_tls_exclude_ciphers = EXPORT, LOW, MD5, RC4, 3DES",
            ),
            _CHECK,
        ),
    },
)
