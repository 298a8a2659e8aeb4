"""Write `.ci/dev-requirements.txt`, a version of each package, from a lock that `pip lock` made: `make lock`.

The lock itself is of one platform and one Python and names the files of one package index. Name and version alone
serve as constraints on every machine that CI and contributors have.
"""

import sys
import tomllib
from pathlib import Path

HEAD = """# Constraints: the versions that the development environment was last tested with. `make lock` renews them;
# CONTRIBUTING.md says when.
"""


def constraints(packages: list[dict[str, str]]) -> str:
    """Return a line `name==version` for each package of a lock; zeeksmtp itself has no version there."""
    return HEAD + "".join(sorted(f"{p['name']}=={p['version']}\n" for p in packages if "version" in p))


if __name__ == "__main__":
    lock = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))
    Path(__file__).with_name("dev-requirements.txt").write_text(constraints(lock["packages"]), "utf-8")
