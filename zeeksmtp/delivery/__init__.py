"""How a finished report leaves, a file for each way (mail, file, command, syslog, webhook), with a `TRANSPORT`."""

from zeeksmtp.delivery._envelope import Envelope, Transport, configured, send
from zeeksmtp.delivery._sample import sample_envelope

__all__ = ["Envelope", "Transport", "configured", "sample_envelope", "send"]
