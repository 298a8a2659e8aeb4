"""Ready settings against what was found, one file for each mail server or firewall. Nothing here is ever applied."""
