# Docket. `make run` needs Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCK := $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run test bench format lint types lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: $(VENV)/runtime ## Start Docket with the demo clinic on 127.0.0.1:8000 (PORT, DATABASE_URL, DEMO=0)
	@exec $(BIN)/python -m scripts.run

test: $(VENV)/development ## The gate: format, lint, types, contracts, templates and every test
	@scripts/gate.sh

bench: $(VENV)/development ## Measure speed, as ratios within one run
	@$(BIN)/python -m bench

format: $(VENV)/development ## Put the code into its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

lint: $(VENV)/development ## Lint code, import contracts and templates
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/djlint --lint --quiet app/templates

types: $(VENV)/development ## Check the types
	@$(BIN)/mypy

lock: $(VENV)/development ## Pin the newest compatible dependencies, with hashes
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove what is made here, but not the clinic's data in instance/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app tests scripts bench migrations -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Docket needs Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.txt | $(BIN)/python
	@echo "Installing what Docket needs ..."
	@$(PIP) install --require-hashes --requirement requirements.txt
	@touch $@

$(VENV)/development: requirements-dev.txt | $(BIN)/python
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@ $(VENV)/runtime
