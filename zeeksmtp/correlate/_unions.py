"""Groups of things that share something: union-find by first occurrence."""

from collections.abc import Hashable, Iterable


class Groups:
    """Joins items that share a token."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, item: int) -> int:
        """Return the item that stands for the group of `item`."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        """Make two groups one; the smaller number stands for both."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def members(self) -> list[list[int]]:
        """Return the groups, each in order, ordered by their first member."""
        groups: dict[int, list[int]] = {}
        for item in range(len(self._parent)):
            groups.setdefault(self.root(item), []).append(item)
        return list(groups.values())


def occurrences(tokens: Iterable[Iterable[Hashable]]) -> dict[Hashable, list[int]]:
    """Give, for each token, the items that have it, in order."""
    found: dict[Hashable, list[int]] = {}
    for item, own in enumerate(tokens):
        for token in own:
            found.setdefault(token, []).append(item)
    return found
