"""Log files: what they are, and how their lines become typed rows."""
