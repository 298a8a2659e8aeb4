"""The terminal viewer over a report or over what scheduled passes remember. Needs textual (extra `tui`)."""
