"""Dovecot's submission service: settings that 2.3 and 2.4 share (doveconf(1))."""

from zeeksmtp.hardening import MailServer, Recipe

_WHERE, _CHECK = "/etc/dovecot/local.conf", "doveconf -n >/dev/null"

SERVER = MailServer(
    name="Dovecot",
    greeting=r"(?i)\bdovecot\b",
    recipes={
        "auth-before-tls": Recipe(_WHERE, ("ssl = required",), _CHECK),
        "password-guessing": Recipe(_WHERE, ("auth_failure_delay = 5 secs",), _CHECK),
        "old-tls": Recipe(_WHERE, ("ssl_min_protocol = TLSv1.2",), _CHECK),
    },
)
