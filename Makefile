# The commands of the project. `make help` lists them; README.md says what they show.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
USUAL  := 'not long and not clone and not package and not clients'
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
PIN    := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Where this is set, every process compiles anew what it loads: collecting the tests takes twice as long.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(VENV)/.installed ## make the virtual environment and install what is needed into it

# The mark is made last: an installation that broke off is begun anew.
$(VENV)/.installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	    || { echo 'Python 3.11 or newer with venv is needed: make PYTHON=/path/to/python3 (Debian: apt install python3-venv)'; exit 1; }
	@echo 'Installing into $(VENV): a minute or more …'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

demo: env ## start everything, send hits, show what became of them, stop everything
	@$(BIN)/python -m tracker demo

dev: env ## the same, but stay up with live traffic until Ctrl-C
	@$(BIN)/python -m tracker dev

# More processes than cores, since most tests wait for something most of the time: on two cores six keep both busy.
SUITE = $(PYTEST) -n $(or $(N),6) --dist loadfile --no-loadscope-reorder -m $(USUAL) $(ARGS)

test: env ## the code, on a PostgreSQL and a Valkey of its own (ARGS="-k name" for a part of it, N=8 test processes)
	$(SUITE) tests/unit tests/architecture tests/migration tests/integration

test-processes: env ## commands and servers as an operator runs them, and killed at chosen steps
	$(SUITE) tests/acceptance tests/faults

test-browser: env ## the dashboard and the script for sites, in Chromium
	$(SUITE) tests/browser

test-all: test test-processes test-browser ## these three, one after the other

# Nothing to try again is a failure too: the suite broke off in another way.
test-again: env ## what failed in the last runs, one after the other, as long as it is at most three tests (MARK=clients: of those)
	@$(BIN)/python -c 'import json, sys; failed = json.load(open(".pytest_cache/v/cache/lastfailed")); print("Tried again, and to be mended even if they pass now:", *failed, sep="\n  "); sys.exit(len(failed) > 3)'
	$(PYTEST) --last-failed --last-failed-no-failures none -m $(or $(MARK),$(USUAL))

test-long: env ## further cases of what `make test-all` shows, and those that take long
	$(PYTEST) -n 2 --dist loadfile -m long $(ARGS)

test-fast: env ## the tests that need no server and no browser, in seconds
	$(PYTEST) -q -n 2 --dist loadfile --no-loadscope-reorder tests/unit tests/architecture $(ARGS)

faults: env ## the fault suite, as a table, in faults.md too (FAULT_SEED=7 FAULT_COUNT=200 kills at random)
	$(PYTEST) -q -n 3 --dist loadfile --fault-table=faults.md tests/faults $(ARGS)

fuzz: env ## schemathesis on the API for as long as it takes (N=1000 requests of each operation and kind)
	FUZZ_EXAMPLES=$(or $(N),1000) $(PYTEST) -q tests/integration/test_api_fuzz.py

hostile: env ## hostile bytes to receiver, streams, logs and as consumers' answers (N=100000 cases, SEED=1)
	HOSTILE_CASES=$(or $(N),100000) HOSTILE_SEED=$(or $(SEED),1) $(PYTEST) -q -s tests/faults/test_hostile_input.py

test-clone: env ## make demo in a fresh clone and an empty environment
	$(PYTEST) -m clone tests/acceptance

test-clients: env ## other trackers' clients, from npm and PyPI, against a receiver
	$(PYTEST) -m clients tests/acceptance

test-package: env ## build the package, install it for each Python that is here, run every process of it
	$(PYTEST) -n 2 -m package tests/acceptance

check: env ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

schema: env ## write sql/schema.sql anew, after a migration was added
	$(BIN)/python -m tools.schema

pictures: env ## the pictures of docs/ anew, after the dashboard has changed (FOLDER=somewhere: of every page, to be looked at)
	$(BIN)/python -m tools.pictures $(FOLDER)

release: env ## all checks, version, changelog, wheel, source archive, SBOM, tag (VERSION=0.2.0; see CONTRIBUTING.md)
	$(BIN)/python tools/release.py check "$(VERSION)"
	.ci/run
	$(MAKE) test-long
	$(BIN)/python tools/release.py prepare "$(VERSION)"
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --output-file dist/access_log_tracker-$(VERSION).cdx.json
	$(BIN)/python tools/release.py finish "$(VERSION)"
	@echo 'dist/ holds the release. Publish it by: git push --follow-tags'

bench: env ## the benchmarks, as a table of ratios
	$(BIN)/python -m bench

audit: env ## ask for known advisories on everything that is pinned
	@$(BIN)/python tools/audit.py $(ARGS)

lock: env ## pin requirements.in and requirements-dev.in anew
	$(PIN) requirements.in -o requirements.txt
	$(PIN) requirements-dev.in -o requirements-dev.txt

clean: ## remove the virtual environment, the data of `make dev` and all caches
	rm -rf $(VENV) .dev dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help env demo dev test test-processes test-browser test-all test-again test-long test-fast faults fuzz hostile test-clone test-package test-clients check schema pictures release bench audit lock clean
