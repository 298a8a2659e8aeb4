"""A live log directory, followed line by line."""
