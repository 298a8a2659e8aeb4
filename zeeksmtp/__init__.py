"""zeeksmtp: what is wrong with the mail on a network, read from its Zeek logs."""

import logging

__version__ = "0.2.0"

# Without it Python would print warnings of a program whose log nobody wants.
logging.getLogger(__name__).addHandler(logging.NullHandler())
