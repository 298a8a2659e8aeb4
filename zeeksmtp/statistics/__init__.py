"""The statistics that detectors share, as pure polars expressions."""
