"""Units are found, not listed: a folder is the registry, a unit is one file with one named constant.

The folder is given as an imported package, never by its name: so the import contract sees who uses whose units.
"""

import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any


@cache
def names(package: ModuleType) -> tuple[str, ...]:
    """Name every unit module of `package` without importing one, sorted. `_x.py` files are helpers, not units."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def unit(package: ModuleType, name: str, constant: str) -> Any:
    """Import the unit `name` of `package`, and no other; return its constant.

    Raises:
        ModuleNotFoundError: There is no such unit.
    """
    return getattr(import_module(f"{package.__name__}.{name}"), constant)


def discover(package: ModuleType, constant: str, name: str = "") -> Mapping[str, Any]:
    """Import every unit module of `package` that defines `constant`; give module name -> that constant, sorted.

    If `name` is such a unit, give it alone and import no other.
    """
    known = names(package)
    if name in known and (one := _units(package, constant, [name])):
        return one
    return _units(package, constant, known)


def _units(package: ModuleType, constant: str, chosen: Iterable[str]) -> Mapping[str, Any]:
    modules = {name: import_module(f"{package.__name__}.{name}") for name in chosen}
    return {name: getattr(module, constant) for name, module in modules.items() if hasattr(module, constant)}
