"""Scheduled passes: new lines into the lake, one report of what is new, and the state that says what counts."""
