"""zeeksmtp: what is wrong with the mail on a network, read from its Zeek logs."""

__version__ = "0.1.0"
