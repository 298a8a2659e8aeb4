"""mkdocs hook: links to files outside of docs/ lead to the repository."""

import re
from typing import Any

REPOSITORY = "https://github.com/zeeksmtp/zeeksmtp/blob/main/"
OUTSIDE = re.compile(r"\]\((?:\.\./)+(?!docs/)([A-Za-z.][^)]*)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the page with links such as `../README.md` as addresses in the repository.

    Pages in folders of docs/ reach other pages by `../` as well: those links stay.
    """
    if "/" in page.file.src_uri:
        return markdown
    return OUTSIDE.sub(rf"]({REPOSITORY}\1)", markdown)
