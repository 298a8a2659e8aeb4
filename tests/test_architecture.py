"""The rules of the house that a linter does not know; the reasons stand in docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "zeeksmtp"
FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 80


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def inside(file: Path, *homes: str) -> bool:
    name = str(file.relative_to(PACKAGE))
    return any(name == home or name.startswith(f"{home}/") for home in homes)


@cache
def calls(file: Path) -> list[tuple[str, ast.Call]]:
    nodes = [node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
    return [(str(getattr(node.func, "attr", "") or getattr(node.func, "id", "")), node) for node in nodes]


def test_there_are_files() -> None:
    assert len(FILES) > 40


def test_imports_point_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_contract_names_every_part() -> None:
    """Exhaustive, so that a new part has to take its place; what is left out is left out by name."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    assert contract["exhaustive"]
    layered = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts == layered | {"__init__", "__main__"}


@each_file
def test_nothing_is_run_outside_engine_and_ingest(file: Path) -> None:
    """Facts and detectors are plans: what collects has to be given them. `engine.collect(plan)` has an argument."""
    if inside(file, "engine", "ingest", "ingest.py", "reading"):
        return
    for name, call in calls(file):
        runs_a_plan = name == "collect" and not call.args
        assert not runs_a_plan, f"line {call.lineno}"
        assert name not in {"collect_all", "collect_async", "collect_batches"}, f"line {call.lineno}"
        assert not name.startswith("sink_"), f"line {call.lineno}"
        assert name not in {"read_parquet", "read_csv", "read_ndjson"}, f"line {call.lineno}"


@each_file
def test_no_import_by_name_goes_around_the_contract(file: Path) -> None:
    """`registry` alone imports by name, from packages that its callers imported; others so load foreign libraries."""
    for name, call in calls(file):
        if name in {"import_module", "__import__"} and not inside(file, "registry.py"):
            assert not any(isinstance(n, ast.JoinedStr) for n in ast.walk(call)), f"line {call.lineno}"
            words = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant)]
            assert not any(str(word).startswith("zeeksmtp") for word in words), f"line {call.lineno}"


@pytest.mark.parametrize("folder", ["logs", "facts", "detectors", "outputs", "cli", "delivery", "webhook_bodies"])
def test_units_do_not_know_each_other(folder: str) -> None:
    """What two units share is a helper of theirs (`_x.py`) or lies below them; they meet in tables and reports."""
    units = {file.stem for file in (PACKAGE / folder).glob("[!_]*.py")}
    for unit in units:
        for node in ast.walk(tree(PACKAGE / folder / f"{unit}.py")):
            if isinstance(node, ast.ImportFrom):
                parts = (node.module or "").split(".")
                named = {alias.name for alias in node.names} if parts[1:] == [folder] else set(parts[2:3])
                assert parts[1:2] != [folder] or not named & units, f"{unit}: line {node.lineno}"


@each_file
def test_only_the_cli_prints(file: Path) -> None:
    if not inside(file, "cli"):
        assert [c.lineno for name, c in calls(file) if name == "print" and isinstance(c.func, ast.Name)] == []


@each_file
def test_no_broad_except_but_at_the_guards(file: Path) -> None:
    """A unit that fails is caught in the pipeline, one that fails on a report where the outbox is emptied.

    A fact that fails is caught where it is computed, a file where it is read. The rest is caught in `main`; elsewhere
    a bug must not look like data.
    """
    if inside(
        file,
        "pipeline",
        "pipeline.py",
        "fact_guard.py",
        "cron/outgoing.py",
        "cli/app.py",
        "ingest.py",
        "reading/guard.py",
    ):
        return
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException", "FAILURES"}
            tidies_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            assert tidies_up or not broad, f"line {node.lineno}"


@each_file
def test_files_and_functions_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_FILE
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or node.lineno) - node.lineno < LINES_OF_A_FUNCTION, node.name


@each_file
def test_every_file_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(tree(file))


def loaded_by(*words: str) -> set[str]:
    """Return the modules that are loaded after `zeeksmtp` has run with `words`."""
    code = (
        "import sys; from zeeksmtp.cli.app import run; code = run(sys.argv[1:]); "
        "print(*sys.modules, sep='\\n', file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines())


@pytest.mark.parametrize("words", [("--help",), ("report", "--help"), ("--version",)], ids=" ".join)
def test_help_is_quick(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)
    assert "zeeksmtp.cli.app" in loaded
    assert not loaded & {"polars", "pandas", "numpy", "scipy", "sqlalchemy"}


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_report_never_loads_pandas(captures: Path, form: str) -> None:
    loaded = loaded_by("report", str(captures / "auth_login_ok" / "tsv"), "--format", form)
    assert "polars" in loaded
    assert not loaded & {"pandas", "sklearn"}
    assert "zeeksmtp.cli.report" in loaded
    unused = {"zeeksmtp.cli.cron", "zeeksmtp.delivery", "pydantic_settings", "asyncio", "urllib.request", "stix2"}
    assert not loaded & unused, "nothing asks for these"
