# Everything from a fresh machine: Python 3.11 or later and make are enough.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Two folders of tests at a time (tests/conftest.py).
SIDE_BY_SIDE := -n 2

.PHONY: run test test-slow lint dev serve bench pictures lock clean

run: $(READY)  ## a whole release from the embedded sample, offline
	$(BIN)/metabolisme run

test: $(READY)  ## the tests, in a few minutes
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE)

test-slow: $(READY)  ## those that make releases of real files, or many; CI runs them too
	$(BIN)/pytest -m slow $(SIDE_BY_SIDE)

lint: $(READY)  ## style, types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

dev: $(READY)  ## Dagster's own interface on the same definitions
	$(BIN)/metabolisme dev

serve: $(READY)  ## the pages of the latest release, in a browser
	$(BIN)/metabolisme serve

bench: $(READY)  ## time and memory at national size, beside the floor and a plain alternative
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.models

pictures: run  ## those of the README, from the sample (with Chromium)
	$(BIN)/python -m tests.pictures

lock:  ## the exact versions, from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --no-strip-extras --no-emit-index-url --generate-hashes \
		--extra dev --quiet --output-file requirements.lock pyproject.toml

# The exact versions of the lock, and the project itself, editable.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:  ## what can be made again; releases stay
	rm -rf .venv .metabolisme .pytest_cache .mypy_cache .ruff_cache .hypothesis
