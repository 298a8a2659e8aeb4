"""By mail: one message to everyone in `to`, over TLS with a certificate that holds unless the operator says otherwise.

The message goes in one transaction. It has arrived when the server says so after the last line; whatever fails before
is a `DeliveryError`, whatever fails after is none, since the message is on its way.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from smtplib import SMTP, SMTPAuthenticationError, SMTPException, SMTPResponseException

from zeeksmtp.config import Settings
from zeeksmtp.delivery._message import Body, body_of, message
from zeeksmtp.delivery._secret import read_secret
from zeeksmtp.delivery._smtp import BoundedSMTP, BoundedSMTPS
from zeeksmtp.delivery._transport import Transport
from zeeksmtp.delivery._trust import tls_context
from zeeksmtp.delivery_settings import Mail
from zeeksmtp.envelope import Envelope
from zeeksmtp.errors import DeliveryError
from zeeksmtp.escaping import cut, plain

DONE_SECONDS = 600
"""How long to wait for the answer to the last line: who gives up early sends a second copy (RFC 5321, 4.5.3.2.6)."""
MAX_REPLY_CHARACTERS = 300


def _destinations(settings: Settings) -> list[str]:
    return [""] * (settings.mail is not None)


def _send(envelope: Envelope, settings: Settings, _destination: str) -> None:
    mail = settings.mail
    assert mail is not None  # noqa: S101 - for the type checker: `_destinations` has one
    # To render a page takes seconds, and a busy server does not wait for it: all is ready before the connection.
    body = body_of(envelope, mail)
    _Attempt(mail).send(envelope, body)


def try_out(mail: Mail) -> None:
    """Connect, encrypt and log in as a delivery does, and quit. Raises `DeliveryError` where that fails."""
    with _Attempt(mail).conversation():
        pass


class _Attempt:
    """One conversation with the server; `stage` is where it stands, for the error that ends it."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.stage = "connection"

    def send(self, envelope: Envelope, body: Body) -> None:
        with self.conversation() as client:
            self._transfer(client, envelope, body)

    @contextmanager
    def conversation(self) -> Iterator[SMTP]:
        """Yield the client, connected, encrypted and logged in as the settings say; quit at the end."""
        with self._explained():
            client = self._connected()
        try:
            with self._explained():
                self._encrypt(client)
                self._log_in(client)
                yield client
        finally:
            # The message has been accepted or it has not; how the server answers QUIT changes nothing.
            with suppress(OSError, SMTPException):
                client.quit()
            client.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn every way in which a server or the network can fail into an error that names server and stage."""
        try:
            yield
        except SMTPResponseException as error:
            passing = 400 <= error.smtp_code < 500
            remedy = "it goes again with the next pass" if passing else "ask who runs the server"
            raise self._error(_reply(error.smtp_code, error.smtp_error), remedy) from error
        except ssl.SSLCertVerificationError as error:
            remedy = "name the host as its certificate does, or its CA in `ca_file`"
            raise self._error(f"certificate refused: {plain(error.verify_message)}", remedy) from error
        except (OSError, SMTPException) as error:
            remedy = "check `host`, `port`, `tls` and the network"
            raise self._error(cut(plain(str(error)), MAX_REPLY_CHARACTERS), remedy) from error

    def _error(self, what: str, remedy: str) -> DeliveryError:
        host, port = self.mail.server
        return DeliveryError(f"mail by {host} port {port}, {self.stage}: {what}; {remedy}")

    def _connected(self) -> SMTP:
        (host, port), seconds = self.mail.server, self.mail.timeout_seconds
        # The library's own choice of a name queries the DNS, with no timeout.
        name = socket.gethostname()
        if self.mail.tls == "implicit":
            client: SMTP = BoundedSMTPS(host, port, name, timeout=seconds, context=tls_context(self.mail.ca_file))
        else:
            client = BoundedSMTP(host, port, name, timeout=seconds)
        if "." not in name and client.sock is not None:
            client.local_hostname = _literal(client.sock.getsockname()[0])
        return client

    def _encrypt(self, client: SMTP) -> None:
        self.stage = "EHLO"
        client.ehlo_or_helo_if_needed()
        if self.mail.tls != "starttls":
            return
        self.stage = "STARTTLS"
        if not client.has_extn("starttls"):
            remedy = (
                'nothing was sent: somebody may have cut the offer out; for a server on port 465 `tls = "implicit"`'
            )
            raise self._error("the server offers none", remedy)
        client.starttls(context=tls_context(self.mail.ca_file))
        client.ehlo_or_helo_if_needed()

    def _log_in(self, client: SMTP) -> None:
        if self.mail.username is None:
            return
        self.stage = "AUTH"
        refused = ""
        try:
            client.login(self.mail.username, read_secret("password", self.mail.password, self.mail.password_file))
        except SMTPAuthenticationError as error:
            # Some servers repeat in their text what they were sent: neither text nor exception may go further.
            refused = _codes(error.smtp_code, error.smtp_error)
        if refused:
            raise self._error(refused, "check `username` and password")

    def _transfer(self, client: SMTP, envelope: Envelope, body: Body) -> None:
        self.stage = "MAIL FROM"
        _expect(client.mail(self.mail.sender), 250)
        refused = self._recipients(client)
        notes = [f"This report could not be sent to {address}: {reply}." for address, reply in refused]
        self.stage = "DATA"
        content = message(envelope, self.mail, body, notes)
        if client.sock is not None:
            client.sock.settimeout(DONE_SECONDS)
        _expect(client.data(content), 250)

    def _recipients(self, client: SMTP) -> list[tuple[str, str]]:
        """Send RCPT TO for all; return the refused recipients with the reply. It is an error if all are refused."""
        refused = []
        for address in self.mail.to:
            self.stage = f"RCPT TO {address}"
            code, reply = client.rcpt(address)
            if code not in {250, 251}:
                refused.append((address, _reply(code, reply)))
        if len(refused) == len(self.mail.to):
            self.stage = f"RCPT TO {refused[0][0]}"
            raise self._error(refused[0][1], "every recipient was refused; check `to` and `from`")
        return refused


def _expect(answer: tuple[int, bytes], code: int) -> None:
    if answer[0] != code:
        raise SMTPResponseException(*answer)


def _reply(code: int, text: bytes | str) -> str:
    """Show a reply on one line: it is somebody else's text."""
    said = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
    return cut(plain(f"{code} {' '.join(said.split())}"), MAX_REPLY_CHARACTERS)


def _codes(code: int, text: bytes | str) -> str:
    """Show only the codes of a reply (RFC 3463)."""
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", _reply(code, text)[4:])
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _literal(address: str) -> str:
    """Return the address literal for EHLO, where there is no name (RFC 5321, 4.1.3)."""
    return f"[IPv6:{address}]" if ip_address(address.partition("%")[0]).version == 6 else f"[{address}]"


TRANSPORT = Transport("mail", _destinations, _send)
