"""A site's Zeek logs, simulated: an innocent population, attacks injected by name, and the truth about both."""
