# The commands of the project. `make help` lists them; README.md says what they show.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(VENV)/.installed ## make the virtual environment and install what is needed into it

$(VENV)/.installed: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	touch $@

demo: env ## start everything, send hits, show what became of them, stop everything
	$(BIN)/python -m tracker demo

dev: env ## the same, but stay up with live traffic until Ctrl-C
	$(BIN)/python -m tracker dev

test: env ## the whole test suite, with servers of its own
	$(PYTEST) -n 2 --dist loadfile

check: env ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: env ## the benchmarks, as a table of ratios
	$(BIN)/python -m bench

lock: env ## pin requirements.in and requirements-dev.in anew
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host requirements.in -o requirements.txt
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host requirements-dev.in -o requirements-dev.txt

.PHONY: help env demo dev test check bench lock
