# Everything a contributor types. The first target that needs it builds .venv from the pinned versions.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all check format bench bench-modes bench-kill bench-doctor docs clean
.DELETE_ON_ERROR:

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(READY)  ## .venv with gansmith and the developer tools

# The stamp is written last, so that an interrupted installation is begun again.
$(READY): pyproject.toml constraints.txt
	@echo "Installing into .venv (once; a few minutes) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gansmith needs Python 3.11 or newer: make PYTHON=python3.11"; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)  ## train on the embedded digits; ends by naming the grid, the report and the next command
	@$(BIN)/gansmith train digits -d 2m --name demo
	@echo "(to type gansmith without its folder: source $(BIN)/activate)"

test: $(READY)  ## the tests that take seconds
	@$(BIN)/python -m pytest -m "not slow"

test-all: $(READY)  ## every test
	@$(BIN)/python -m pytest

check: $(READY)  ## lint, format and types; nothing is downloaded
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)  ## mend what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## speed and memory, side by side with a plain script
	@$(BIN)/python benchmarks/speed.py

bench-modes: $(READY)  ## mode coverage: ring of 8 and grid of 25, 10 seeds
	@$(BIN)/python benchmarks/modes.py

bench-kill: $(READY)  ## kill training at random moments and count what is lost
	@$(BIN)/python benchmarks/kill.py

bench-doctor: $(READY)  ## how often the doctor notices a doomed training, names it, saves it; hours, in as many goes as you like
	@$(BIN)/python -m benchmarks.doctor all

docs: $(READY)  ## write docs/reference.md from the code, then run every command in the documentation
	@$(BIN)/python docs/reference.py
	@$(BIN)/python -m pytest tests/architecture

clean:  ## remove what was built; runs/ stays
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
