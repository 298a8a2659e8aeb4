"""All that is known of one host or one account: what it does, what was found about it, and the sessions behind it."""
