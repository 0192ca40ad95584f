# Two commands do everything: `make risk` and `make test` (about ten minutes on two cores).
# Both make the virtual environment first if it is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install risk risk-notes test package quick notebooks validate bench docs pictures lint types layers

install: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,docs]"
	touch $@

risk: install
	$(BIN)/likelihood-greeks risk data/book.csv --market data/market.toml --paths 100000 --seed 20020705 --output risk.csv

risk-notes: install  # twenty notes on several assets, invented
	$(BIN)/likelihood-greeks risk data/notes.csv --market data/notes_market.toml --paths 100000 --seed 20261127 --output risk_notes.csv

# A worker has one core: two threads of linear algebra in each would wait for one another.
test quick: export OMP_NUM_THREADS = 1

test: install
	@echo "Every test: about ten minutes on two cores. make quick leaves the slow ones out: about two."
	$(BIN)/python -m pytest --numprocesses auto

quick: install  # everything but the tests marked slow
	@echo "The tests that are not marked slow: about two minutes on two cores."
	$(BIN)/python -m pytest --numprocesses auto -m "not slow"

validate: install
	$(BIN)/likelihood-greeks validate --output benchmarks/validation.csv

docs: install  # docs/_build/html/index.html; warnings are errors
	$(BIN)/python -m sphinx -W --keep-going --quiet -b html docs docs/_build/html

notebooks: install  # with their outputs and pictures, in docs/_build/html/notebooks: some minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[notebooks]"
	$(BIN)/python -m jupyter nbconvert --execute --to html --output-dir docs/_build/html/notebooks notebooks/*.ipynb

pictures: install  # those of the documentation
	$(BIN)/python docs/make_pictures.py

package: install  # the files that would be published, in dist/, each installed elsewhere and used
	.ci/package

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
