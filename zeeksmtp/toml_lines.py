"""Where a key stands in a TOML file: the standard library reads TOML but forgets the lines.

`lines_of` takes text that `tomllib` has accepted, so nothing is validated here a second time.
"""

import tomllib
from collections import Counter
from collections.abc import Generator, Iterator, Mapping

Keys = tuple[str | int, ...]
"""Keys and array indices from the top of the file: `("suppress", 0, "reason")`."""

_BARE_ENDS = " \t\r\n.=]},#"
_QUOTES = ('"""', "'''", '"', "'")


def lines_of(text: str) -> Mapping[Keys, int]:
    """Return the line, from 1, of every table, key and array element in `text`."""
    return dict(_Scanner(text).document())


class _Scanner:
    """Walks over valid TOML once; every method leaves `at` behind what it read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.arrays: Counter[Keys] = Counter()  # how often each [[header]] was opened

    def document(self) -> Iterator[tuple[Keys, int]]:
        table: Keys = ()
        while self.skip("\t\r\n "):
            if self.text[self.at] == "[":
                table = yield from self.header()
            else:
                yield from self.pair(table)

    def header(self) -> Generator[tuple[Keys, int], None, Keys]:
        line, is_array = self.line(), self.text.startswith("[[", self.at)
        self.at += 1 + is_array
        path = self.opened(self.keys())
        self.at += 1 + is_array
        if is_array:
            self.arrays[path] += 1
            yield path, line
            path = (*path, self.arrays[path] - 1)
        yield path, line
        return path

    def opened(self, keys: list[str]) -> Keys:
        """Return the path that a header means: inside an array of tables, the element opened last."""
        path: Keys = ()
        for key in keys[:-1]:
            path = (*path, key)
            if self.arrays[path]:
                path = (*path, self.arrays[path] - 1)
        return (*path, keys[-1])

    def pair(self, table: Keys) -> Iterator[tuple[Keys, int]]:
        line, keys = self.line(), self.keys()
        for depth in range(1, len(keys) + 1):
            yield (*table, *keys[:depth]), line
        self.at += 1  # the equals sign
        self.skip("\t ")
        yield from self.value((*table, *keys))

    def value(self, path: Keys) -> Iterator[tuple[Keys, int]]:
        first = self.text[self.at]
        if first == "[":
            yield from self.array(path)
        elif first == "{":
            yield from self.inline_table(path)
        elif first in "\"'":
            self.string()
        else:
            self.bare("\r\n,]}#")

    def array(self, path: Keys) -> Iterator[tuple[Keys, int]]:
        self.at += 1
        index = 0
        while self.skip("\t\r\n ,") and self.text[self.at] != "]":
            yield (*path, index), self.line()
            yield from self.value((*path, index))
            index += 1
        self.at += 1

    def inline_table(self, path: Keys) -> Iterator[tuple[Keys, int]]:
        self.at += 1
        while self.skip("\t\r\n ,") and self.text[self.at] != "}":
            yield from self.pair(path)
        self.at += 1

    def keys(self) -> list[str]:
        """Read a dotted key up to its `=` or `]`."""
        keys: list[str] = []
        while self.skip("\t .") and self.text[self.at] not in "=]":
            quoted = self.text[self.at] in "\"'"
            raw = self.string() if quoted else self.bare(_BARE_ENDS)
            keys.append(tomllib.loads(f"key = {raw}")["key"] if quoted else raw)
        return keys

    def string(self) -> str:
        start = self.at
        quote = next(q for q in _QUOTES if self.text.startswith(q, start))
        end = start + len(quote)
        while not self.text.startswith(quote, end):
            end += 2 if quote[0] == '"' and self.text[end] == "\\" else 1
        end += len(quote)
        # Up to two quotes may stand right before the three that close a multi-line string.
        while len(quote) == 3 and self.text.startswith(quote[0], end):
            end += 1
        self.at = end
        return self.text[start:end]

    def bare(self, ends: str) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        return self.text[start : self.at]

    def skip(self, blank: str) -> bool:
        """Pass blanks and comments; tell whether anything is left."""
        while self.at < len(self.text) and self.text[self.at] in blank + "#":
            if self.text[self.at] == "#":
                self.bare("\n")
            else:
                self.at += 1
        return self.at < len(self.text)

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
