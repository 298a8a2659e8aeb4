"""OpenSMTPD: a listener that takes logins inside TLS only (smtpd.conf(5)). It confirms no address by VRFY anyway."""

from zeeksmtp.hardening import MailServer, Recipe

SERVER = MailServer(
    name="OpenSMTPD",
    greeting=r"(?i)\bopensmtpd\b",
    recipes={
        "auth-before-tls": Recipe(
            "smtpd.conf, in place of the listeners with `auth`; add the `pki` that they have",
            ("listen on egress port 587 tls-require auth", "listen on egress port 465 smtps auth"),
            "smtpd -n",
        ),
    },
)
