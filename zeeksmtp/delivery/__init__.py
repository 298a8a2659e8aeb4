"""How a finished report leaves: by mail, as a file, to a command. One file each, with a constant `TRANSPORT`."""

from zeeksmtp.delivery._envelope import Envelope, Transport, configured, send

__all__ = ["Envelope", "Transport", "configured", "send"]
