"""Units are found, not listed: a folder is the registry, a unit is one file with one named constant."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any


def names(package: str) -> tuple[str, ...]:
    """Name every unit module of `package` without importing one, sorted. `_x.py` files are helpers, not units."""
    home = importlib.import_module(package)
    return tuple(sorted(m.name for m in pkgutil.iter_modules(home.__path__) if not m.name.startswith("_")))


def discover(package: str, constant: str, name: str = "") -> Mapping[str, Any]:
    """Import every unit module of `package` that defines `constant`; give module name -> that constant, sorted.

    If `name` is such a unit, give it alone and import no other.
    """
    known = names(package)
    if name in known and (one := _units(package, constant, [name])):
        return one
    return _units(package, constant, known)


def _units(package: str, constant: str, chosen: Iterable[str]) -> Mapping[str, Any]:
    modules = {name: importlib.import_module(f"{package}.{name}") for name in chosen}
    return {name: getattr(module, constant) for name, module in modules.items() if hasattr(module, constant)}
