# Two commands do everything: `make risk` and `make test`. Both make the virtual environment first if it is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install risk test validate bench lint types layers

install: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

risk: install
	$(BIN)/likelihood-greeks risk data/book.csv --market data/market.toml --paths 100000 --seed 20020705 --output risk.csv

test: install
	$(BIN)/python -m pytest --numprocesses auto

validate: install
	$(BIN)/likelihood-greeks validate

bench: install  # BENCH_PATHS=10000 is quick; see benchmarks/README.md
	$(BIN)/python -m benchmarks.throughput
	$(BIN)/python -m benchmarks.time_to_error
	$(BIN)/python -m benchmarks.book_speedup
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.plots

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

layers: install
	$(BIN)/python -m pytest --quiet tests/test_layers.py
