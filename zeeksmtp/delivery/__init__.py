"""How a finished report leaves, a file for each way (mail, file, command, syslog, webhook), with a `TRANSPORT`."""

from zeeksmtp.delivery._sample import sample_envelope
from zeeksmtp.delivery._transport import Transport, configured, send
from zeeksmtp.envelope import Envelope

__all__ = ["Envelope", "Transport", "configured", "sample_envelope", "send"]
