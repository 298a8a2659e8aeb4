"""`zeeksmtp detectors`: every detector is listed and explained from its own file."""

import json

import zeeksmtp.detectors
from tests.cli.conftest import Run
from zeeksmtp import registry
from zeeksmtp.errors import ExitCode

IDS = [unit.id for unit in registry.discover(zeeksmtp.detectors, "DETECTOR").values()]


def test_list(zeeksmtp: Run) -> None:
    ended = zeeksmtp("detectors", "list")
    assert ended.code == ExitCode.OK
    assert [line.split()[0] for line in ended.out.splitlines()] == sorted(IDS)


def test_list_as_json(zeeksmtp: Run) -> None:
    shapes = json.loads(zeeksmtp("detectors", "list", "--format", "json").out)
    assert [shape["id"] for shape in shapes] == sorted(IDS)
    sender = next(shape for shape in shapes if shape["id"] == "new-direct-sender")
    assert list(sender) == ["id", "about", "attack", "stage", "needs", "required_logs", "inferred_from", "parameters"]
    assert {"name", "default", "doc"} == set(sender["parameters"][0])


def test_explain(zeeksmtp: Run) -> None:
    for name in IDS:
        ended = zeeksmtp("detectors", "explain", name)
        assert ended.code == ExitCode.OK
        for head in ("What it sees", "Why it matters", "Benign causes", "What to do", f"config: [detectors.{name}]"):
            assert f"\n{head}\n" in ended.out
        assert max(map(len, ended.out.splitlines())) <= 100


def test_a_near_miss_is_named(zeeksmtp: Run) -> None:
    ended = zeeksmtp("detectors", "explain", "user-enumaration")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert ended.err == "zeeksmtp: no detector is called 'user-enumaration'; did you mean user-enumeration?\n"
    assert f"there are {IDS[0]}, " in zeeksmtp("detectors", "explain", "zzzz").err
