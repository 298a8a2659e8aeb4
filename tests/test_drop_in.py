"""A detector is one file and its cases: dropped into a copy of the project it is everywhere, with no other edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from zeeksmtp.errors import ExitCode

ROOT = Path(__file__).parents[1]

DETECTOR = '''
    """A client that says it is called localhost.

    What it sees: the HELO name of each session (table `session`); one session is enough.

    Why it matters: no mail server is called so, but hasty programs are.

    Benign causes: a test by hand; a monitoring probe.

    What to do: look at the client, and give it a name if it is to send mail.
    """

    import polars as pl
    from pydantic import Field

    from zeeksmtp.dtypes import finding_schema
    from zeeksmtp.model import FINDING, Advice, Context, Detector, Params, Tables


    class LocalhostParams(Params):
        """How many are too many."""

        min_sessions: int = Field(1, ge=1, description="sessions that are enough; Source: this test")


    def plan(tables: Tables, params: LocalhostParams, context: Context) -> pl.LazyFrame:
        """Return one finding per client."""
        schema = finding_schema(FINDING)
        found = (
            tables["session"]
            .filter(context.window.covers(), pl.col("helo").str.to_lowercase() == "localhost")
            .group_by("client")
            .agg(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"), pl.len().alias("count"))
            .filter(pl.col("count") >= params.min_sessions)
            .with_columns(pl.concat_list("client").alias("key"), pl.concat_list("client").alias("clients"))
            .with_columns(severity=pl.lit("low"), confidence=pl.lit("low"), test=pl.lit(None, dtype=schema["test"]))
        )
        found = found.with_columns(visibility=pl.lit(""))
        absent = [pl.lit([], dtype=schema[name]).alias(name) for name in schema if name not in found.collect_schema()]
        return found.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


    DETECTOR = Detector(
        id="localhost-helo",
        title="Impossible HELO name: {clients} as localhost",
        summary="{clients} calls itself localhost in {count} session(s).",
        actions=(Advice("Look at {clients}."),),
        attack=("T1071.003",),
        needs=("session",),
        required_logs=("smtp",),
        params=LocalhostParams,
        plan=plan,
    )
'''

CASES = """
    - name: fires_on_localhost
      why: No mail server is called so.
      site: {local_nets: [10.0.0.0/8]}
      logs:
        smtp:
          - {uid: C1, client: 10.0.0.1, client_port: 1, server: 10.0.0.25, port: 25, helo: LocalHost}
          - {uid: C2, client: 10.0.0.2, client_port: 1, server: 10.0.0.25, port: 25, helo: mx.corp.example}
      expect: [{clients: [10.0.0.1], count: 1}]
    - name: quiet_on_a_name
      why: What a mail server is called.
      tables:
        session: [{client: 10.0.0.2, helo: mx.corp.example}]
      expect: []
"""

SESSION = """
    #separator \\x09
    #set_separator\t,
    #empty_field\t(empty)
    #unset_field\t-
    #path\tsmtp
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\thelo
    #types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring
    1793577600.0\tC1\t10.0.0.1\t40000\t10.0.0.25\t25\t1\tlocalhost
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what a clone has, and drop the two files in."""
    copy = tmp_path_factory.mktemp("clone")
    leave = shutil.ignore_patterns("__pycache__", "captures", "scenarios")
    for folder in ("zeeksmtp", "zeek_scripts", "fixtures", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for name, content in {
        "zeeksmtp/detectors/localhost_helo.py": DETECTOR,
        "fixtures/detectors/localhost-helo.yml": CASES,
        "logs/smtp.log": SESSION,
    }.items():
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(dedent(content).lstrip(), encoding="utf-8")
    return copy


def python(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(project), **variables}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_it_is_in_the_catalogue(project: Path) -> None:
    assert "localhost-helo" in python(project, "zeeksmtp", "detectors", "list").stdout
    explained = python(project, "zeeksmtp", "detectors", "explain", "localhost-helo").stdout
    assert "No mail server is called so".lower() in explained.lower()
    assert "min_sessions" in explained


def test_it_is_in_the_report(project: Path) -> None:
    document = json.loads(python(project, "zeeksmtp", "report", "logs", "--format", "json").stdout)
    found = [finding for finding in document["findings"] if finding["detector"] == "localhost-helo"]
    assert [finding["clients"] for finding in found] == [["10.0.0.1"]]


def test_it_is_in_the_config(project: Path) -> None:
    setting = {"ZEEKSMTP_DETECTORS__LOCALHOST_HELO__MIN_SESSIONS": "2"}
    document = json.loads(python(project, "zeeksmtp", "report", "logs", "--format", "json", **setting).stdout)
    assert "localhost-helo" not in {finding["detector"] for finding in document["findings"]}
    (project / "wrong.toml").write_text("[detectors.localhost-helo]\nmin_session = 2\n")
    refused = python(project, "zeeksmtp", "report", "logs", "--config", "wrong.toml")
    assert refused.returncode == ExitCode.UNUSABLE
    assert "wrong.toml:2: unknown key" in refused.stderr
    assert "nearest is `min_sessions`" in refused.stderr


def test_its_cases_are_run_and_it_is_held_to_the_rules(project: Path) -> None:
    done = python(
        project,
        "pytest",
        "-q",
        "-k",
        "localhost",
        "tests/detectors",
        "tests/test_registry.py",
        "-p",
        "no:cacheprovider",
    )
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.strip().rsplit("\n", 1)[-1].split(" passed")[0].split()[-1])
    assert passed >= 2 * 2 + 6
