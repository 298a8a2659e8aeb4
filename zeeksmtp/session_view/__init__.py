"""One connection as a transcript: found by its uid, without reading the rest of the logs."""
