# Trunkline's chores. `make help` lists them; `make setup` is run by all that need it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml requirements/dev.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Make the development environment (.venv) from the lock file

.PHONY: lock
lock: ## Renew requirements/dev.lock from pyproject.toml
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev --all-extras pyproject.toml --output-file requirements/dev.lock

.PHONY: check
check: $(STAMP) ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/towncrier build --draft --version next > /dev/null

.PHONY: format
format: $(STAMP) ## Format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: test
test: $(STAMP) ## All tests that need neither root nor a cluster
	@$(BIN)/python -m dev.tools fetch
	@$(BIN)/pytest --numprocesses auto

.PHONY: test-cluster
test-cluster: $(STAMP) ## The tests on a real Kubernetes (brings one up where there is none; see docs/how-to/real-cluster.md)
	@$(BIN)/python -m dev.cluster run $(BIN)/pytest -m cluster

.PHONY: demo
demo: $(STAMP) ## From nothing to production on a simulated cluster; then a commit that fails in QA and is undone
	@$(BIN)/python -m dev.tools fetch helm4 kubectl
	@$(BIN)/python -m dev.demo

.PHONY: demo-cluster
demo-cluster: $(STAMP) ## The same on a real Kubernetes, with a real image
	@$(BIN)/python -m dev.demo --real

.PHONY: bench
bench: $(STAMP) ## Measure against the budgets, side by side with the tools that Trunkline replaces
	@# As an installed package would be: compiled.
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python -m benchmarks

.PHONY: docs
docs: $(STAMP) ## Write the reference pages from the code
	@$(BIN)/python -m dev.reference

.PHONY: picture
picture: $(STAMP) ## Make the README's picture from a real run of the demo
	@$(BIN)/python -m dev.picture

.PHONY: clean
clean: ## Take the cluster down and remove the environment
	@test ! -x $(BIN)/python || $(BIN)/python -m dev.cluster down
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
