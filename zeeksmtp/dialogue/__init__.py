"""One connection told in order: everything that the logs and the report say of it."""
