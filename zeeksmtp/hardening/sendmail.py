"""Sendmail: macros of sendmail.mc (cf/README), above its `MAILER` lines."""

from zeeksmtp.hardening import MailServer, Recipe

_WHERE = "/etc/mail/sendmail.mc, above the first MAILER line"
_CHECK = "m4 /etc/mail/sendmail.mc >/dev/null"
_SSL = "+SSL_OP_NO_SSLv2 +SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1"

SERVER = MailServer(
    name="Sendmail",
    greeting=r"(?i)\bsendmail\b",
    recipes={
        "auth-before-tls": Recipe(_WHERE, ("define(`confAUTH_OPTIONS', `A p y')dnl",), _CHECK),
        "address-disclosure": Recipe(_WHERE, ("define(`confPRIVACY_FLAGS', `goaway')dnl",), _CHECK),
        "recipient-probing": Recipe(_WHERE, ("define(`confBAD_RCPT_THROTTLE', `3')dnl",), _CHECK),
        "old-tls": Recipe(_WHERE, (f"define(`confSERVER_SSL_OPTIONS', `{_SSL}')dnl",), _CHECK),
    },
)
