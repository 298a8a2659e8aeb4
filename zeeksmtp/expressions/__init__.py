"""Polars expressions that facts and detectors share."""
