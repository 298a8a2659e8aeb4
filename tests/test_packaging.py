"""What a release and the development environment are made of fits together."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from docs import _site
from zeeksmtp import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DIRECT = [Requirement(text) for text in (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"])]
PINNED = dict(
    re.findall(r"^([\w.-]+)==(.+)$", (ROOT / ".ci" / "dev-requirements.txt").read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_the_lock_has_each_dependency_in_its_range(requirement: Requirement) -> None:
    name = requirement.name.lower()
    assert name in PINNED, "run `make lock`"
    assert requirement.specifier.contains(PINNED[name]), "run `make lock`"


def test_a_lock_is_names_and_versions_without_the_project_itself() -> None:
    packages = [{"name": "zat", "version": "0.4.9"}, {"name": "zeeksmtp"}, {"name": "isal", "version": "1.9.1"}]
    lock = runpy.run_path(str(ROOT / ".ci" / "lock.py"))
    assert lock["constraints"](packages) == lock["HEAD"] + "isal==1.9.1\nzat==0.4.9\n"


def test_the_citation_and_the_changelog_name_the_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    newest = re.findall(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)[0]
    assert newest == __version__


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [
        line
        for file in (ROOT / ".github" / "workflows").iterdir()
        for line in file.read_text("utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    assert [line for line in used if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []


@pytest.mark.parametrize(
    ("place", "link", "shown"),
    [
        ("cli.md", "[a](../README.md#b)", f"[a]({_site.REPOSITORY}README.md#b)"),
        ("cli.md", "[a](config.md)", "[a](config.md)"),
        ("decisions/x.md", "[a](../cli.md)", "[a](../cli.md)"),
    ],
)
def test_links_out_of_the_site_lead_to_the_repository(place: str, link: str, shown: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=place))
    assert _site.on_page_markdown(link, page, config=None, files=None) == shown
