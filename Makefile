# Two commands: `make run` and `make test`. Each sets up what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(sort $(wildcard plugins/*/pyproject.toml))
STAMP := $(VENV)/.ready

.PHONY: run test test-slow lint bench paper clean
.DEFAULT_GOAL := run

run: $(STAMP)  ## sets everything up and runs the Adult experiment to its report
	$(BIN)/headway run experiment=adult

test: $(STAMP)  ## sets everything up and runs the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(STAMP)  ## the checks that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(STAMP)  ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## the budgets of the design, as ratios within one run
	$(BIN)/python -m tests.benchmarks

paper: $(STAMP)  ## published figures side by side with ours, of the data that HEADWAY_DATA names; takes days, goes on
	$(BIN)/python -m tests.benchmarks.paper --write build/paper.md --write build/paper.csv

# A fresh Debian has python3 but perhaps no venv module and no pip; say so instead of failing in the middle.
$(STAMP): pyproject.toml constraints.txt $(PLUGINS)
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11)' 2>/dev/null \
	  || { echo "Headway needs Python 3.11 or newer as '$(PYTHON)' (make PYTHON=/path/to/python3)"; exit 1; }
	.ci/venv $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  -e '.[dev]' $(patsubst %/pyproject.toml,-e ./%,$(PLUGINS))
	@touch $@

clean:
	rm -rf $(VENV)
