"""What each package of the environment that runs this weighs, and who brings it: `ENVIRONMENT/bin/python weight.py`.

Needs the standard library only, so that it can weigh an environment in which nothing but zeeksmtp is installed.
"""

import re
from importlib import metadata

MEGABYTE = 1_000_000
SHOWN_MB = 1.0


def plain(name: str) -> str:
    """Return the normal form of a package's name."""
    return re.split(r"[^\w.-]", name.lower().replace("_", "-"))[0]


def weight(package: metadata.Distribution) -> tuple[int, int]:
    """Return the bytes of a package's files, and those of its compiled bytecode."""
    sizes = {file: file.locate().stat().st_size for file in package.files or () if file.locate().exists()}
    return sum(sizes.values()), sum(size for file, size in sizes.items() if file.suffix == ".pyc")


def main() -> None:
    """Print one line for each package above `SHOWN_MB`, heaviest first, and the sum of all."""
    packages = {plain(package.metadata["Name"]): package for package in metadata.distributions()}
    needs = {
        name: {plain(need) for need in package.requires or () if "extra ==" not in need}
        for name, package in packages.items()
    }
    weights = sorted(((*weight(package), name) for name, package in packages.items()), reverse=True)
    for whole, compiled, name in weights:
        if whole > SHOWN_MB * MEGABYTE:
            brought = ", ".join(other for other in needs if name in needs[other])
            print(f"{whole / MEGABYTE:6.1f} {compiled / MEGABYTE:6.1f}  {name:<18} {brought}")  # noqa: T201
    whole, compiled = (sum(column) / MEGABYTE for column in list(zip(*weights, strict=True))[:2])
    print(f"{whole:6.1f} {compiled:6.1f}  all")  # noqa: T201


if __name__ == "__main__":
    main()
