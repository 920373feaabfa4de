# What a learner and a developer need, one word each. `make run` is the only one a learner has to know.
# Another Python: make run PYTHON=python3.12. Another place for the environment: make run VENV=/some/folder.

VENV ?= .venv
PY = $(VENV)/bin/python
# Processes that run the tests; a file's tests stay together.
WORKERS ?= 2
ENVIRONMENT = VENV=$(VENV) PYTHON=$(PYTHON) sh packaging/environment.sh
# A virtual display for what has to be a real window.
VIRTUAL = env QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1600x1000x24"

.PHONY: help run test test-long test-lower table lint bench bench-compare shots bundle clean

help:
	@echo "make run        open Chainrule (installs what is missing first)"
	@echo "make test       the tests that every change has to pass"
	@echo "make test-long  comparison with PyTorch and Keras, every layer in many settings, and the soak run"
	@echo "make test-lower the tests against the oldest versions pyproject.toml allows"
	@echo "make table      what is proven and how well, into tests/core/conformance.md"
	@echo "make lint       style, types, and who may import whom"
	@echo "make bench      speed, side by side with PyTorch, as one table (ARGS=--help tells what else)"
	@echo "make bench-compare REV=main   this revision beside another one"
	@echo "make shots      screenshots of every workspace, dark and light, into shots/"
	@echo "make bundle     a folder in dist/ that runs without Python, and a check of it"

run:
	@$(ENVIRONMENT) run
	@VENV=$(VENV) sh packaging/run.sh

test:
	@$(ENVIRONMENT) test
	$(PY) -m pytest -n $(WORKERS) --dist loadfile

test-long:
	@$(ENVIRONMENT) test conformance xvfb
	$(PY) -m pytest -m "conformance or wide" --timeout=900
	$(VIRTUAL) $(PY) -m pytest -m soak -s --timeout=1800

table:
	@$(ENVIRONMENT) test
	$(PY) -m tests.core.conformance

test-lower:
	@$(ENVIRONMENT) test
	$(PY) packaging/check_lower_bounds.py

lint:
	@$(ENVIRONMENT) test lint
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench:
	@$(ENVIRONMENT) test conformance
	$(PY) -W ignore -m tests.benchmarks $(ARGS)

bench-compare:
	@$(ENVIRONMENT) test
	$(PY) -W ignore -m tests.benchmarks.compare $(REV) $(ARGS)

shots:
	@$(ENVIRONMENT) test xvfb
	$(VIRTUAL) $(PY) -m tests.shots

bundle:
	@$(ENVIRONMENT) test bundle
	$(PY) -m PyInstaller --noconfirm --distpath dist --workpath build/pyinstaller packaging/chainrule.spec
	sh packaging/check_bundle.sh dist/chainrule

clean:
	rm -rf build dist shots *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
