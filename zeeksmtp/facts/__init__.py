"""The tables that detectors read: one file per table, each a lazy plan over the lake."""
