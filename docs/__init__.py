"""The documentation; what can be derived from the code is (`python -m docs.generate`)."""
