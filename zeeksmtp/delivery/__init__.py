"""What carries a finished report away: mail, a file, a command."""
