"""The documentation is what the code says, and says something about everything."""

import re
from pathlib import Path

import pytest

from docs import generate
from docs._pages import _roff, man, schema
from docs._pages import cli as cli_page
from docs._pages import report as report_page
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Report

PAGES = generate.pages()
ROOT = generate.DOCS.parent
WRITTEN = (*ROOT.glob("*.md"), *generate.DOCS.rglob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_is_up_to_date(path: object) -> None:
    assert path not in generate.stale(), "run `make docs`"


def test_there_are_pages_to_check() -> None:
    names = {path.name for path in PAGES}
    assert {"cli.md", "detectors.md", "facts.md", "report.md", "report.schema.json"} <= names


def test_check_names_stale_pages_and_writes_none(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "cli.md is stale; run `make docs`" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_links_within_a_page_lead_somewhere() -> None:
    for path, text in PAGES.items():
        anchors = {
            re.sub(r"[^\w -]", "", head).lower().replace(" ", "-")
            for head in re.findall("^#+ (.*)", text, re.MULTILINE)
        }
        assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors, path.name


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/contributing.md"])
def test_files_that_a_page_names_exist(name: str) -> None:
    paths = re.findall(
        r"`((?:zeeksmtp|tests|fixtures|requirements|docs|\.github)/[\w./-]*)`", (ROOT / name).read_text("utf-8")
    )
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_page_is_in_the_site() -> None:
    named = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert named == {str(path.relative_to(generate.DOCS)) for path in generate.DOCS.rglob("*.md")}


def test_every_command_and_option_has_help() -> None:
    tree = list(cli_page.commands(cli_page.typer.main.get_command(cli_page.app.build()), "zeeksmtp"))
    assert len(tree) > 5
    for path, command in tree:
        assert command.help, path
        assert all(param.help for param in command.params), path
        if not hasattr(command, "commands"):
            assert "Examples:" in command.help, path


def test_every_exit_code_is_explained() -> None:
    assert set(cli_page.CODES) == set(ExitCode)


def test_a_key_without_a_meaning_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(report_page.KEYS, "Run", {"version": "x"})
    with pytest.raises(KeyError, match=r"Run: .*generated"):
        report_page.page()


def test_the_schema_tells_times_and_lets_v1_grow() -> None:
    shape = schema.shape()
    run = shape["$defs"]["Run"]
    assert run["properties"]["generated"] == {"type": "string", "format": "date-time"}
    assert set(shape["required"]) == {field.alias or name for name, field in Report.model_fields.items()}
    assert "additionalProperties" not in run


def test_the_man_page_has_every_command() -> None:
    tree = cli_page.commands(cli_page.typer.main.get_command(cli_page.app.build()), "zeeksmtp")
    named = re.findall(r'^\.SS "(.*)"$', man.page(), re.MULTILINE)
    assert [name.replace("\\-", "-") for name in named] == [path for path, _ in tree][1:]


def test_no_word_of_the_man_page_is_a_request_or_an_escape() -> None:
    assert _roff.text(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert _roff.text("'\\ tail") == "\\&'\\e tail"
    assert _roff.text("`--fail-on`") == "\\fB\\-\\-fail\\-on\\fR"


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", "zeeksmtp.bash"), ("zsh", "_zeeksmtp"), ("fish", "zeeksmtp.fish")]
)
def test_completion_is_what_the_program_prints(
    shell: str, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # typer then takes the shell by its name
    with pytest.raises(SystemExit):
        cli_page.app.run(["--show-completion", shell])
    assert capsys.readouterr().out == PAGES[generate.DOCS / "completions" / file]
