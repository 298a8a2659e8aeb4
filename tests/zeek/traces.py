"""The small captures of the btest suite, one per behaviour: `python -m tests.zeek.traces` writes them."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from tests.zeek.dialogue import Talk, write_pcap

TRACES = Path(__file__).parent / "Traces"

BANNER = "220 mx.corp.example ESMTP"
EHLO = "EHLO ws1.corp.example"
OFFER = ("250-mx.corp.example", "250-PIPELINING", "250-STARTTLS", "250-AUTH PLAIN LOGIN", "250 8BITMIME")
ASK_USER, ASK_PASSWORD = "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"
YES, NO = "235 2.7.0 Authentication successful", "535 5.7.8 Error: authentication failed"
SECRET = "open-sesame"
NTLM_CHALLENGE = "334 TlRMTVNTUAACAAAAAAAAADgAAAAGgokCASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAA"


def b64(text: str | bytes) -> str:
    """Encode a SASL message."""
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


USER, PASSWORD, PLAIN = b64("alice"), b64(SECRET), b64(f"\0alice\0{SECRET}")


def greeted(**options: str | int) -> Talk:
    """Begin a connection as far as the reply to EHLO."""
    return Talk(**options).s(BANNER).c(EHLO).s(*OFFER)  # type: ignore[arg-type]


def bye(talk: Talk) -> Talk:
    """End it."""
    return talk.c("QUIT").s("221 2.0.0 Bye").close()


def auth_login() -> Talk:
    return bye(greeted().c("auth login").s(ASK_USER).c(USER).s(ASK_PASSWORD).c(PASSWORD).s(YES))


def auth_several() -> Talk:
    talk = greeted().c("AUTH LOGIN").s(ASK_USER).c("*").s("501 5.7.0 Authentication aborted")
    talk.c("AUTH PLAIN").s("334 ").c(b64("\0alice\0wrong-one")).s(NO)
    talk.c("AUTH LOGIN " + USER).s(ASK_PASSWORD).c("").s(NO)
    return bye(talk.c("AUTH PLAIN " + PLAIN).s(YES).c("AUTH PLAIN " + PLAIN).s("503 5.5.1 Already authenticated"))


def auth_pipelined() -> Talk:
    talk = greeted().c("AUTH LOGIN", USER, PASSWORD).s(ASK_USER).s(ASK_PASSWORD, YES)
    talk.c("MAIL FROM:<alice@corp.example>", "RCPT TO:<bob@corp.example>", "DATA")
    talk.s("250 2.1.0 Ok", "250 2.1.5 Ok", "354 End data with <CR><LF>.<CR><LF>")
    talk.c("Subject: lunch", "", "HELP me decide", "VRFY nothing here", ".").s("250 2.0.0 Queued")
    return bye(talk)


def auth_pipelined_refused() -> Talk:
    talk = greeted().c("AUTH LOGIN", USER, PASSWORD)
    talk.s("503 5.5.1 Not enabled", f'500 5.5.1 Command unrecognized: "{USER}"')
    return bye(talk.s(f'500 5.5.1 Command unrecognized: "{PASSWORD}"'))


def auth_lines_before_challenge() -> Talk:
    return bye(greeted().c("AUTH LOGIN").c(USER).s(ASK_USER).s(ASK_PASSWORD).c(PASSWORD).s(YES))


def auth_answered_before_line() -> Talk:
    talk = greeted().c("AUTH PLAIN").s("334 ").s(YES).c(PLAIN)
    return bye(talk.c("NOOP").s("250 2.0.0 Ok"))


def auth_user_lost() -> Talk:
    talk = greeted().c("AUTH LOGIN").s(ASK_USER).lose_c(USER).s(ASK_PASSWORD).c(PASSWORD).s(NO)
    return bye(talk.c("NOOP").s("250 2.0.0 Ok"))


def auth_command_lost() -> Talk:
    talk = greeted().lose_c("AUTH LOGIN").s(ASK_USER).c(USER).s(ASK_PASSWORD).c(PASSWORD).s(YES)
    return bye(talk)


def one_sided_client() -> Talk:
    talk = greeted(sides="c").c("AUTH LOGIN").s(ASK_USER).c(USER).s(ASK_PASSWORD).c(PASSWORD).s(YES)
    talk.c("MAIL FROM:<alice@corp.example>").s("250 Ok").c("RCPT TO:<bob@corp.example>").s("250 Ok")
    return bye(talk)


def one_sided_server() -> Talk:
    return bye(greeted(sides="s").c("AUTH LOGIN").s(ASK_USER).c(USER).s(ASK_PASSWORD).c(PASSWORD).s(YES))


def unknown_verbs() -> Talk:
    talk = greeted().c("MAIL FROM:<a@corp.example>", "XFOO bar", "RCPT TO:<b@corp.example>")
    talk.s("250 2.1.0 Ok", '500 5.5.1 Command unrecognized: "XFOO bar"', "250 2.1.5 Ok")
    return bye(
        talk.c("PASS " + SECRET).s(f'500 5.5.1 Command unrecognized: "PASS {SECRET}"').c("").s("500 5.5.2 Empty")
    )


def invalid_transactions() -> Talk:
    talk = greeted()
    for n in range(30):
        talk.c(f"RCPT TO:<user{n}@corp.example>").s("503 5.5.1 Error: need MAIL command")
    return bye(talk)


def violation() -> Talk:
    return bye(greeted().c("NOOP").s("what a strange server", "250 Ok"))


def names() -> Talk:
    talk = Talk().s(BANNER).c("HELO probe").s("250 mx.corp.example")
    talk.c("VRFY alice").s("252 2.0.0 alice").c("VRFY bob").s("250 2.1.5 Bob <bob@corp.example>")
    talk.c("VRFY eve").s("550 5.1.1 <eve>: User unknown").c("expn staff")
    talk.s("250-2.1.5 Alice <alice@corp.example>", "250 2.1.5 Bob <bob@corp.example>")
    talk.c("EXPN board").s("553 5.1.1 ask carol@corp.example").c("MAIL FROM:<>").s("250 2.1.0 Ok")
    for answer in ("250 2.1.5 Ok", "550 no such user", "550 relay not permitted", "450 4.2.0 Greylisted"):
        talk.c("RCPT TO:<x@corp.example>").s(answer)
    return bye(talk)


def messages() -> Talk:
    talk = greeted().c("MAIL FROM:<a@corp.example>").s("250 Ok").c("RCPT TO:<b@corp.example>").s("250 Ok")
    talk.c("DATA").s("354 Go ahead").c("Subject: one", "", "one", ".").s("250 2.0.0 Queued")
    talk.c("MAIL FROM:<a@corp.example>").s("250 Ok").c("RCPT TO:<b@corp.example>").s("250 Ok")
    talk.c("DATA").s("354 Go ahead").c("Subject: two", "", "two", ".").s("554 5.7.1 Looks like spam")
    talk.c("MAIL FROM:<a@corp.example>").s("250 Ok").c("RCPT TO:<b@corp.example>").s("250 Ok")
    talk.c("DATA").s("451 4.3.0 Try again later")
    talk.c("MAIL FROM:<a@corp.example>").s("250 Ok").c("RCPT TO:<b@corp.example>").s("250 Ok")
    talk.c("BDAT 14").raw("c", b"Subject: x\r\n\r\n").s("250 Ok").c("BDAT 5 LAST").raw("c", b"three").s("250 Queued")
    return bye(talk)


CHUNK = "\r\n".join(
    ("Subject: logins", "", ".", "AUTH PLAIN " + b64("\0victim\0accused"), "AUTH LOGIN " + b64("victim"), "VRFY x", "")
)
"""What somebody wrote who wants the sender of this message accused of guessing passwords."""
MAIL, RCPT = "MAIL FROM:<a@corp.example>", "RCPT TO:<b@corp.example>"


def chunks(*ends: str) -> str:
    """Write the same chunk once for each form of the command's end, without a line end behind the last."""
    return "".join(f"BDAT {len(CHUNK)}{end}\r\n{CHUNK}" for end in ends)


def bdat_pipelined() -> Talk:
    talk = greeted().c(MAIL, RCPT, chunks("", "", " LAST") + "QUIT")
    return talk.s("250 Ok", "250 Ok", "250 Ok", "250 Ok", "250 2.0.0 Queued", "221 2.0.0 Bye").close()


def bdat_behind_pipelined_auth() -> Talk:
    talk = greeted().c("AUTH LOGIN", USER, PASSWORD).s(ASK_USER).s(ASK_PASSWORD, YES)
    talk.raw("c", f"{MAIL}\r\n{RCPT}\r\n{chunks(' LAST')}".encode())
    return bye(talk.s("250 2.1.0 Ok", "250 2.1.5 Ok", "250 2.0.0 Queued"))


def bdat_of_other_syntax() -> Talk:
    talk = greeted().c(MAIL).s("250 Ok").c(RCPT).s("250 Ok")
    talk.raw("c", chunks("  LAST").encode()).s("250 2.0.0 Queued")
    return bye(talk.c("AUTH PLAIN " + PLAIN).s(NO))


def bdat_lost_in_part() -> Talk:
    half = CHUNK[:12].encode()
    talk = greeted().raw("c", f"{MAIL}\r\n{RCPT}\r\nBDAT {len(CHUNK)} LAST\r\n".encode() + half)
    talk.lose_c(CHUNK[12:18]).s("250 2.1.0 Ok").raw("c", CHUNK[20:].encode()).s("250 2.1.5 Ok", "250 2.0.0 Queued")
    return bye(talk)


def bdat_command_lost() -> Talk:
    talk = greeted().c(MAIL).lose_c(RCPT, f"BDAT {len(CHUNK)} LAST").s("250 2.1.0 Ok").raw("c", CHUNK.encode())
    talk.s("250 2.1.5 Ok", "250 2.0.0 Queued").c("NOOP").s("250 Ok").c("NOOP").s("250 Ok")
    return bye(talk)


def spoke_too_early() -> Talk:
    talk = Talk().c("EHLO ws1.corp.example").s(BANNER).s(*OFFER).c("MAIL from: a@corp.example SIZE=9", RCPT, "DATA")
    return bye(talk.s("250 Ok", "250 Ok", "354 Go ahead").c("Subject: x", "", "x", ".").s("250 2.0.0 Queued"))


def starttls_injection() -> Talk:
    talk = greeted().c("STARTTLS", "NOOP").s("220 2.0.0 Ready to start TLS")
    return talk.raw("c", bytes.fromhex("160301000401000000")).close()


def auth_of_another_name() -> Talk:
    return bye(greeted().c("X-EXPS LOGIN").s(ASK_USER).c(USER).s(ASK_PASSWORD).c(PASSWORD).s(YES))


def secret_without_mechanism() -> Talk:
    talk = greeted().c("AUTH " + PLAIN).s(f"504 {PLAIN} authentication mechanism not supported")
    talk.c("AUTH LOGIN").s("503 5.5.1 Not now").c(USER).s("500 5.5.2 What?").c(PASSWORD).s("500 5.5.2 What?")
    return bye(talk)


def message_lost_in_part() -> Talk:
    talk = greeted().c("MAIL FROM:<a@corp.example>").s("250 Ok").c("RCPT TO:<b@corp.example>").s("250 Ok")
    talk.c("DATA").s("354 Go ahead").c("Subject: one", "").lose_c("lost").c("seen", ".").s("250 2.0.0 Queued")
    return bye(talk)


def many_pending() -> Talk:
    talk = greeted().c(*(f"RCPT TO:<user{n}@corp.example>" for n in range(20)))
    return bye(talk.s(*(f"550 5.1.1 <user{n}@corp.example>: unknown" for n in range(20))))


def long_fields() -> Talk:
    talk = Talk().s("220 " + "banner" * 40).c("EHLO " + "ü" * 200)
    talk.s("250-mx", *(f"250-X-FEATURE-{n}" for n in range(40)), "250 HELP")
    return bye(talk.c("XÄ" * 300).s("500 " + "no" * 200))


def ntlm(user: str, domain: str) -> str:
    """Build the type 3 message of NTLM."""
    head, parts, at = b"NTLMSSP\0" + struct.pack("<I", 3), b"", 64
    for value in (b"\1" * 24, b"\2" * 24, domain.encode("utf-16-le"), user.encode("utf-16-le"), b"W\0S\0", b""):
        head += struct.pack("<HHI", len(value), len(value), at + len(parts))
        parts += value
    return b64(head + struct.pack("<I", 0x00088201) + parts)


def ntlm_names() -> Talk:
    pairs = b"".join(
        struct.pack("<HH", at, len(name)) + name
        for at, name in (
            (2, "CORP".encode("utf-16-le")),
            (1, "MX1".encode("utf-16-le")),
            (4, "corp.example".encode("utf-16-le")),
            (3, ("mx1." + "long." * 40 + "corp.example").encode("utf-16-le")),
            (7, b"\1" * 8),
            (5, b"\0\xd8"),
            (0, b""),
        )
    )
    head = b"NTLMSSP\0" + struct.pack("<IHHIIQQHHIQ", 2, 0, 0, 56, 0x00828201, 1, 0, len(pairs), len(pairs), 56, 0)
    talk = greeted().c("AUTH NTLM " + b64("NTLMSSP\0\1\0\0\0")).s("334 " + b64(head + pairs)).c("*")
    talk.s("501 5.7.0 Authentication aborted").c("AUTH NTLM").s("334 ").c(b64("NTLMSSP\0\1\0\0\0"))
    return bye(talk.s("334 " + b64((head + pairs)[:70])).c(ntlm("dora", "CORP")).s(NO))


def mechanisms() -> Talk:
    token = "auth=Bearer " + SECRET + "\1\1"
    digest = f'username="dora \\"d\\"",realm="x",nonce="n",response={"5e" * 16},authzid="boss"'
    dialogues: tuple[tuple[str, ...], ...] = (
        ("PLAIN " + b64(f"root\0alice\0{SECRET}"),),
        ("PLAIN " + b64("root\0\0"),),
        ("PLAIN " + b64(f"alice{SECRET}"),),
        ("PLAIN =",),
        ("plain " + b64("\0jörg@corp.example\0Grüße"),),
        ("LOGIN", b64("latin\xe4".encode("latin-1")), PASSWORD),
        ("CRAM-MD5", b64("dora 5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e")),
        ("Digest-MD5", b64(digest), ""),
        ("NTLM", b64("NTLMSSP\0\1\0\0\0"), ntlm("Änne", "CORP")),
        ("NTLM", b64("NTLMSSP\0\1\0\0\0"), ntlm("bob😀", "")),
        ("SCRAM-SHA-256", b64("n,a=boss,n=do=2Cra=3D,r=abc"), b64("c=biws,r=abcdef,p=cHJvb2Y="), ""),
        ("SCRAM-SHA-1-PLUS " + b64("p=tls-unique,,n=dora,r=abc"),),
        ("XOAUTH2 " + b64(f"user=dora@corp.example\1{token}"),),
        ("OAUTHBEARER " + b64(f"n,a=dora@corp.example,\1host=mx\1{token}"), "AQ=="),
        ("GSSAPI " + b64(b"\x60\x82\x01ticket"), "", b64(b"\1\0\0\0")),
        ("GSS-SPNEGO " + ntlm("dora", "CORP"),),
        ("EXTERNAL " + b64("dora"),),
        ("EXTERNAL =",),
        ("ANONYMOUS " + b64("guest@ws1"),),
        ("XYZZY " + b64(SECRET),),
        ("PLAIN", "not base64!"),
        ("",),
    )
    talk = greeted()
    for dialogue in dialogues:
        talk.c(("AUTH " + dialogue[0]).rstrip())
        for line in dialogue[1:]:
            talk.s("334 ").c(line)
        talk.s(NO)
    return bye(talk)


BEHAVIOURS: tuple[Callable[[], Talk], ...] = (
    auth_login,
    auth_several,
    auth_pipelined,
    auth_pipelined_refused,
    auth_lines_before_challenge,
    auth_answered_before_line,
    auth_user_lost,
    auth_command_lost,
    one_sided_client,
    one_sided_server,
    unknown_verbs,
    invalid_transactions,
    violation,
    names,
    messages,
    bdat_pipelined,
    bdat_behind_pipelined_auth,
    bdat_of_other_syntax,
    bdat_lost_in_part,
    bdat_command_lost,
    spoke_too_early,
    ntlm_names,
    starttls_injection,
    auth_of_another_name,
    secret_without_mechanism,
    message_lost_in_part,
    many_pending,
    long_fields,
    mechanisms,
)
"""Every behaviour that has a capture of its own, under its own name."""


if __name__ == "__main__":
    TRACES.mkdir(exist_ok=True)
    for behaviour in BEHAVIOURS:
        write_pcap(TRACES / f"{behaviour.__name__}.pcap", [behaviour()])
