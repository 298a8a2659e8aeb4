"""What an installation needs: what `init` finds on the machine, and the files that systemd reads."""
