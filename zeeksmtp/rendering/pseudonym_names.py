"""One pseudonym for one name, whatever its form: found by role, or in a text by its look."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address

from zeeksmtp.model import identity

_MAIL = r"[^\s<>\"',;()]{1,254}@[^\s<>\"',;()]*[^\s<>\"',;().]"
_IPV6 = r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![\w:])"
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"
# Names of files and settings have dots as well; their last parts are no domains.
_DOMAIN = r"(?<![\w.-])(?:\w(?:[\w-]*\w)?\.)+(?!(?:log|gz|toml|json|zeek|parquet|cf|conf|py)\b)[^\W\d][\w-]*\w(?![\w-])"


class Names:
    """Maps each name to one pseudonym, in whatever form and part of the report it stands."""

    def __init__(self) -> None:
        self._pseudonyms: dict[str, str] = {}
        self._counts: Counter[str] = Counter()

    def _give(self, kind: str, name: str) -> str:
        key = _canonical(name)
        if key not in self._pseudonyms:
            self._counts[kind] += 1
            self._pseudonyms[key] = f"{kind}-{self._counts[kind]}"
        return self._pseudonyms[key]

    def account(self, name: str) -> str:
        """Replace the name of an account; forms of it share its number."""
        if not name:
            return name
        local, at, domain = name.rpartition("@")
        if at and local and domain and "@" not in local:
            return f"{self.account(local)}@{self.domain(domain.strip('[]'))}"
        if parts := re.fullmatch(r"([\w.-]+)\\([^\\]+)", name):
            return f"{self.domain(parts[1])}\\{self.account(parts[2])}"
        if is_address(name):
            return self._give("host", name)
        return self._give("text" if re.search(r"\s", name) else "account", name)

    def domain(self, name: str) -> str:
        """Replace the name of a host or domain, or an address."""
        address, slash, length = name.partition("/")
        if is_address(address):
            return self._give("host", address) + slash + length
        return self._give("domain", name) if name else name

    def any(self, name: str) -> str:
        """Replace a name whose kind only its form tells."""
        is_host = is_address(name.partition("/")[0]) or re.fullmatch(_DOMAIN, name)
        return self.domain(name) if is_host else self.account(name)

    def id(self, old: str) -> str:
        """Replace an id by one that says nothing."""
        return identity("pseudonym", self._give("id", f"id {old}"))

    def text(self, text: str, known: Iterable[str] = (), own: Iterable[str] = ()) -> str:
        """Replace in a sentence the names in `known`, and all that looks like an address, a mailbox or a domain.

        What stands in `own` are zeeksmtp's words, and stay.
        """
        ranked = sorted({name for name in known if name}, key=lambda name: (-len(name), name))
        own_words = [f"(?P<own>{'|'.join(map(re.escape, own))})"] if own else []
        patterns = [*own_words, *map(_whole, ranked), _MAIL, f"(?P<address>{_IPV6}|{_IPV4})", _DOMAIN]
        return re.sub("|".join(patterns), self._found, text, flags=re.IGNORECASE)

    def _found(self, match: re.Match[str]) -> str:
        # "06:01:00" has the form of an IPv6 address, but is none.
        is_time = match.lastgroup == "address" and not is_address(match[0])
        return match[0] if is_time or match.lastgroup == "own" else self.any(match[0])


def _canonical(name: str) -> str:
    """Return the form in which names are compared: without case, brackets and final dot, addresses in one spelling."""
    bare = name.strip("[]").rstrip(".") or name
    return str(ip_address(bare)) if is_address(bare) else bare.casefold()


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _whole(name: str) -> str:
    """Return a pattern for `name` where it is not a part of a longer word."""
    before = r"(?<![^\W_])" if name[0].isalnum() else ""
    after = r"(?![^\W_])" if name[-1].isalnum() else ""
    return before + re.escape(name) + after
