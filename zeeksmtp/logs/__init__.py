"""The Zeek logs that are read: one file per log, and what all of them share (`_*.py`)."""
