"""Exim: options of the main section, and an ACL where one is needed (specification, chapters 14, 43 and 44)."""

from zeeksmtp.hardening import MailServer, Recipe

_WHERE, _CHECK = "exim.conf, main section (before the first `begin`)", "exim -bV"

SERVER = MailServer(
    name="Exim",
    greeting=r"(?i)\bexim\b",
    recipes={
        "auth-before-tls": Recipe(_WHERE, ("auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}",), _CHECK),
        # An empty value would allow VRFY, as Exim 4.96 shows with `exim -bh`: the option has to deny, or to be absent.
        "address-disclosure": Recipe(_WHERE, ("acl_smtp_vrfy = deny", "acl_smtp_expn = deny"), _CHECK),
        "recipient-probing": Recipe(
            "exim.conf, section acl, at the head of the ACL that acl_smtp_rcpt names",
            (
                "drop",
                "  message = too many unknown recipients",
                "  condition = ${if >{$rcpt_fail_count}{5}}",
            ),
            _CHECK,
        ),
        "password-guessing": Recipe(
            "exim.conf: the first line in the main section, the rest below `begin acl`",
            (
                "acl_smtp_auth = acl_limit_auth",
                "acl_limit_auth:",
                "  defer",
                "    message = too many logins, try again later",
                "    ratelimit = 10 / 1m / strict / per_cmd",
                "  accept",
            ),
            _CHECK,
        ),
        "old-tls": Recipe(
            _WHERE,
            (
                ".ifdef _HAVE_GNUTLS",
                "tls_require_ciphers = NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-3DES-CBC:-ARCFOUR-128",
                ".else",
                "openssl_options = +no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1",
                ".endif",
            ),
            _CHECK,
        ),
    },
)
