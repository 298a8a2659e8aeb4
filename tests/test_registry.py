"""Conformance over all units: whoever drops in a file is held to this, whatever the file does.

Every loop is guarded by a count, so that no test can pass by looking at nothing.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

import zeeksmtp.cli
import zeeksmtp.engine
import zeeksmtp.outputs
from tests.cases import DETECTORS, FACTS, FOLDER, LOGS
from zeeksmtp import registry
from zeeksmtp.dtypes import dtype_of, finding_schema, schema_of
from zeeksmtp.model import FINDING, Command, Context, Detector, Fact, Log, Output, alternatives
from zeeksmtp.pipeline import judge

OUTPUTS: Mapping[str, Output] = registry.discover(zeeksmtp.outputs, "OUTPUT")
COMMANDS: Mapping[str, Command] = registry.discover(zeeksmtp.cli, "COMMAND")
ENGINES: Mapping[str, Any] = registry.discover(zeeksmtp.engine, "ENGINE")

PARTS = ("What it sees:", "Why it matters:", "Benign causes:", "What to do:")
ATTACK = re.compile(r"T\d{4}(\.\d{3})?")

each_detector = pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda unit: unit.id)
each_fact = pytest.mark.parametrize("fact", FACTS.values(), ids=lambda unit: unit.name)
each_log = pytest.mark.parametrize("log", LOGS.values(), ids=lambda unit: unit.name)


TABLES: Mapping[str, Log | Fact] = {**LOGS, **FACTS}


def empty_tables() -> dict[str, pl.LazyFrame]:
    return {name: pl.LazyFrame(schema=schema_of(unit.columns)) for name, unit in TABLES.items()}


def test_every_kind_of_unit_is_found() -> None:
    assert len(LOGS) >= 8
    assert len(FACTS) >= 9
    assert len(DETECTORS) >= 7
    assert len(OUTPUTS) >= 3
    assert len(COMMANDS) >= 5
    assert len(ENGINES) >= 1


@pytest.mark.parametrize(
    ("package", "constant", "name"),
    [
        ("logs", "LOG", "name"),
        ("facts", "FACT", "name"),
        ("detectors", "DETECTOR", "id"),
        ("outputs", "OUTPUT", "name"),
        ("cli", "COMMAND", "name"),
        ("delivery", "TRANSPORT", "name"),
    ],
)
def test_a_unit_is_called_like_its_file(package: str, constant: str, name: str) -> None:
    units = registry.discover(import_module(f"zeeksmtp.{package}"), constant)
    assert {module: getattr(unit, name).replace("-", "_") for module, unit in units.items()} == {m: m for m in units}


def test_a_file_that_is_no_helper_defines_a_unit() -> None:
    for package, constant in (("logs", "LOG"), ("facts", "FACT"), ("detectors", "DETECTOR"), ("outputs", "OUTPUT")):
        found = registry.discover(import_module(f"zeeksmtp.{package}"), constant)
        assert tuple(found) == registry.names(import_module(f"zeeksmtp.{package}")), package


# Detectors


@each_detector
def test_a_detector_says_what_why_benign_and_what_to_do(detector: Detector) -> None:
    doc = sys.modules[f"zeeksmtp.detectors.{detector.id.replace('-', '_')}"].__doc__ or ""
    paragraphs = [p.strip() for p in doc.split("\n\n")]
    heads = [part for p in paragraphs for part in PARTS if p.startswith(part)]
    assert heads == list(PARTS), "each part once, in order, each a paragraph that starts with these words"
    for paragraph in paragraphs[1:]:
        head = next((part for part in PARTS if paragraph.startswith(part)), "")
        assert len(paragraph.removeprefix(head).split()) >= 5, f"{head} says nothing"
    assert not paragraphs[0].startswith(PARTS), "the first paragraph is one sentence that sums up"


@each_detector
def test_what_a_detector_needs_is_a_log_or_a_fact(detector: Detector) -> None:
    assert detector.needs
    assert set(detector.needs) <= LOGS.keys() | FACTS.keys()
    entries = (*detector.required_logs, *detector.inferred_from)
    assert entries
    assert {log for entry in entries for log in alternatives(entry)} <= LOGS.keys()
    assert detector.visibility(LOGS) != "blind"
    assert detector.visibility(()) == "blind"
    assert set(detector.replaces) <= DETECTORS.keys()


@each_detector
def test_a_detector_on_empty_tables_finds_nothing_in_the_right_columns(detector: Detector) -> None:
    plan = judge(detector, empty_tables(), detector.params(), Context())
    assert plan.collect_schema() == finding_schema(FINDING)
    assert plan.collect().is_empty()


@pytest.mark.parametrize("detector", [d for d in DETECTORS.values() if d.trials], ids=lambda detector: detector.id)
def test_a_detector_counts_no_trials_on_empty_tables(detector: Detector) -> None:
    assert detector.trials is not None
    params, context = detector.params(), Context()
    counted = detector.trials(empty_tables(), params, context).collect()
    assert counted.shape == (1, 1)
    assert counted["trials"].to_list()[0] in {0, None}


@each_detector
def test_params_are_described_sourced_and_bounded(detector: Detector) -> None:
    for name, field in detector.params.model_fields.items():
        what, _, source = (field.description or "").partition("Source:")
        assert len(what.split()) >= 3, f"{name}: say what it is, with its unit"
        assert source.strip(), f"{name}: say where the default comes from, after 'Source:'"
        assert not field.is_required(), f"{name}: a detector works without a config"
        if field.annotation in {int, float}:
            assert field.metadata, f"{name}: a number has bounds"
    detector.params.model_validate(detector.params().model_dump())


@each_detector
def test_attack_ids_are_well_formed(detector: Detector) -> None:
    assert all(ATTACK.fullmatch(technique) for technique in detector.attack)


@each_detector
def test_a_detector_has_a_case_that_fires_and_one_that_is_quiet(detector: Detector) -> None:
    file = FOLDER / f"{detector.id}.yml"
    names = [case["name"] for case in yaml.safe_load(file.read_text(encoding="utf-8"))]
    assert any(name.startswith("fires_") for name in names)
    assert any(name.startswith("quiet_") for name in names)


def test_every_case_file_has_its_detector() -> None:
    assert {file.stem for file in FOLDER.glob("*.yml")} == DETECTORS.keys()


# Facts and logs


@each_fact
def test_a_fact_needs_tables_that_are_there(fact: Fact) -> None:
    assert fact.needs
    assert set(fact.needs) <= LOGS.keys() | FACTS.keys() - {fact.name}


@each_fact
def test_a_fact_on_empty_tables_is_empty_with_its_declared_columns(fact: Fact) -> None:
    tables = {name: frame for name, frame in empty_tables().items() if name in fact.needs}
    plan = fact.plan(tables, Context())
    assert plan.collect_schema() == schema_of(fact.columns)
    assert plan.collect().is_empty()


def test_the_same_name_has_the_same_type_everywhere() -> None:
    types: dict[str, set[str]] = defaultdict(set)
    for unit in TABLES.values():
        for column in unit.columns:
            types[column.name].add(str(dtype_of(column.type)))
    assert len(types) > 50
    assert {name: seen for name, seen in types.items() if len(seen) > 1} == {}


def test_every_column_says_what_it_means_once() -> None:
    for unit in TABLES.values():
        names = [column.name for column in unit.columns]
        assert len(names) == len(set(names)), unit.name
        assert all(column.doc.strip() for column in unit.columns), unit.name
        assert unit.doc.strip(), unit.name


@each_log
def test_a_log_names_only_its_own_columns(log: Log) -> None:
    columns = {column.name for column in log.columns}
    assert log.hint.values.keys() <= columns
    assert log.redact().keys() <= columns
    frame = pl.LazyFrame(schema=schema_of(log.columns))
    assert frame.select(log.concerns().alias("x")).collect_schema()["x"] == pl.Boolean
    redacted = frame.with_columns(**log.redact())
    assert redacted.collect_schema() == schema_of(log.columns)


def test_no_log_keeps_what_may_hold_a_secret() -> None:
    kept = {name: {column.name for column in log.columns} for name, log in LOGS.items()}
    assert "password" not in kept["smtp_auth"]
    assert "addl" not in kept["weird"]
    assert not {"subject", "msg_id", "in_reply_to", "first_received", "second_received"} & kept["smtp"]


# Outputs, commands, engines


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=lambda unit: unit.name)
def test_an_output_says_what_it_is_for(output: Output) -> None:
    assert output.doc.strip()
    assert callable(output.render)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda unit: unit.name)
def test_a_command_has_a_help_text_with_an_example(command: Command) -> None:
    runs = command.run.values() if isinstance(command.run, Mapping) else [command.run]
    texts = [run.__doc__ or "" for run in runs]
    assert texts
    for text in texts:
        assert "Example" in text
        assert "zeeksmtp " + command.name in text


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_an_engine_can_do_what_engines_do(engine: object) -> None:
    assert all(callable(getattr(engine, method)) for method in ("ingest", "write", "collect"))


def test_helpers_are_no_units() -> None:
    for package in ("logs", "facts", "detectors", "outputs", "cli", "engine", "delivery"):
        home = Path(import_module(f"zeeksmtp.{package}").__path__[0])
        helpers = {file.stem for file in home.glob("_*.py")}
        assert not helpers & set(registry.names(import_module(f"zeeksmtp.{package}")))
