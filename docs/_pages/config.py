"""docs/config.md: the settings; its text is made by `docs/generate_config.py`."""

from docs.generate_config import page

PAGE = "config.md"
__all__ = ["PAGE", "page"]
