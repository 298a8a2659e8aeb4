"""Mutants of logs through ingest and whole reports: `make fuzz`, and a slice of it as a test."""
