# Two commands: `make run` starts everything, `make test` runs the tests. Each is a thin line over plain commands.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: run test test-full lint bench lab screens
.DELETE_ON_ERROR:

run: .venv/installed
	@exec $(BIN)/python manage.py up $(ARGS)

test: .venv/installed-dev
	@exec $(BIN)/python -m pytest -m "not full" $(ARGS)

test-full: .venv/installed-dev
	@SITEMEND_FULL=1 exec $(BIN)/python -m pytest $(ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: .venv/installed-dev
	@exec $(BIN)/python -m tests.bench $(ARGS)

lab: .venv/installed-dev
	@exec $(BIN)/python -m tests.lab $(ARGS)

screens: .venv/installed-dev
	@exec $(BIN)/python -m tests.journeys.screens $(ARGS)

.venv/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. On Debian or Ubuntu: apt-get install python3 python3-venv"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) -V 2>&1). Another one: make run PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 2; }
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt .venv/pyvenv.cfg
	@echo "Installing what requirements.txt names into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt .venv/pyvenv.cfg
	@echo "Installing what requirements-dev.txt names into .venv"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
