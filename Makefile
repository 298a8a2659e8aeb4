# `make report` and `make test` work on a fresh machine with python3, python3-venv and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OFFICE := fixtures/scenarios/office/logs
# One more than the cores that CI has: some tests only wait, for files, servers and processes.
WORKERS ?= 3
LOCK := .ci/dev-requirements.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help report test check check-zeek format docs docs-site pictures dist deb lock snapshots fuzz torture bench evaluate clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

# Stamps are touched last, so that a step that failed is done again.
$(VENV)/pip.done:
	@$(PYTHON) -m venv $(VENV) || { echo "python3 lacks venv: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@$(INSTALL) --upgrade 'pip>=25.1,<27'
	@touch $@

$(VENV)/install.done: pyproject.toml $(LOCK) $(VENV)/pip.done
	@echo "Installing zeeksmtp into $(VENV) (a minute or two) …"
	@$(INSTALL) --constraint $(LOCK) --editable .
	@touch $@

$(VENV)/dev.done: pyproject.toml $(LOCK) $(VENV)/install.done
	@echo "Installing the development tools …"
	@$(INSTALL) --constraint $(LOCK) --editable . --group dev
	@touch $@

report: $(VENV)/install.done ## analyse the bundled logs: report on the screen, report.html and report.json beside
	@$(BIN)/zeeksmtp report $(OFFICE) --quiet -o report.json -o report.html
	@$(BIN)/zeeksmtp report $(OFFICE)
	@echo "The same as a page for the browser: report.html; as JSON: report.json"

# Stealing leaves neighbouring tests together, which share what is costly: reports of recordings, a cluster, a browser.
test: check ## all checks and all tests
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal --cov --cov-report=term

check: $(VENV)/dev.done ## style, types, import contracts, docstrings, generated docs, documentation site, workflows, container file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate --quiet zeeksmtp
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/hadolint Containerfile
	$(BIN)/python -m docs.generate --check
	@$(MAKE) --no-print-directory docs-site check-zeek

check-zeek: $(VENV)/dev.done
	@find zeek_scripts -name '*.zeek' | while read -r script; do \
	    $(BIN)/zeek-format <"$$script" | cmp --silent - "$$script" || { echo "$$script: make format" >&2; exit 1; }; \
	done

format: $(VENV)/dev.done ## rewrite the sources in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find zeek_scripts -name '*.zeek' -print0 | xargs --null --no-run-if-empty $(BIN)/zeek-format --inplace

docs: $(VENV)/dev.done ## write the generated pages, the man page and the completion files under docs/ anew
	$(BIN)/python -m docs.generate

# The variable silences an advertisement for another generator; real warnings end the build (with --quiet they would
# not: it hides them from --strict as well).
docs-site: $(VENV)/dev.done ## build the documentation site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: $(VENV)/dev.done ## take the pictures of README and documentation anew; needs chromium
	$(BIN)/python -m docs.pictures

dist: $(VENV)/dev.done ## wheel and sdist into dist/, checked, and tried out in an empty environment
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	PYTHON=$(BIN)/python .ci/try-wheel dist/*.whl

deb: $(VENV)/dev.done ## Debian package with an environment of its own into dist/; root tries it out in a copy of this machine
	rm -f dist/*.tar.gz dist/*.deb
	$(BIN)/python -m build --sdist --outdir dist
	.ci/deb dist/*.tar.gz
	[ "$$(id -u)" -ne 0 ] || .ci/try-deb dist/*.deb

lock: $(VENV)/dev.done ## renew .ci/dev-requirements.txt: the newest versions that pyproject.toml allows
	$(BIN)/python -m pip lock --quiet --output pylock.tmp.toml --editable . --group dev
	$(BIN)/python .ci/lock.py pylock.tmp.toml
	rm pylock.tmp.toml

snapshots: $(VENV)/dev.done ## accept what the outputs look like now; read the diff
	$(BIN)/python -m pytest --snapshot-update tests/outputs tests/cli

bench: $(VENV)/dev.done ## time and memory: a day of logs in each form, beside DuckDB, polars, zat, mawk, grep, zcat
	PYTHONPATH=.ci $(BIN)/python -m benchmarks
	PYTHONPATH=.ci $(BIN)/python -m benchmarks.dask
	PYTHONPATH=.ci $(BIN)/python -m benchmarks.detectors
	PYTHONPATH=.ci $(BIN)/python -m benchmarks.passes

fuzz: $(VENV)/dev.done ## mutants of all fixtures' logs over ingest and whole reports, then bombs; hours: see docs/robustness.md
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m tests.fuzz.bombs

torture: $(VENV)/dev.done ## kill -9 a scheduled pass at 200 random moments, damage state and lake 200 times each: nothing lost or reported twice
	KILLS=200 $(BIN)/python -m pytest -s tests/cron/test_torture.py
	DAMAGES=400 $(BIN)/python -m pytest -q tests/cron/test_damage.py

evaluate: $(VENV)/dev.done ## recall and precision of every detector on simulated sites, into docs/evaluation.md
	PYTHONPATH=.ci $(BIN)/python -m evaluation

clean: ## remove what was made here
	rm -rf $(VENV) build dist site report.html report.json .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find zeeksmtp tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
