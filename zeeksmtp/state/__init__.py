"""What scheduled passes remember: one SQLite file beside the lake. A pass counts whole or not at all."""
