# make          what you need to work: .venv with everything in it
# make demo     the whole journey on CoNLL-2003
# make test     the tests; make test-long those that take about half a minute or more each
# make check    style, types, layers, generated documents, translations

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS ?= tests

.DEFAULT_GOAL := setup
.PHONY: setup demo test test-long check bench bench-tuning bench-serving docs messages

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[tune,export,serve,app,postgres,s3,review,explain,presidio,telemetry,dev]"
	$(BIN)/python -m compileall -q src
	touch $@

demo: setup
	$(BIN)/python examples/news_entities.py

# Two processes, one thread each: torch would otherwise start as many threads as there are cores in both. A file stays in
# one process, so that what it sets up is set up once.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not long" $(TESTS)

# Those that take about half a minute or more each: kills in the middle of training, whole journeys.
test-long: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m long $(TESTS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/document_cli.py --check
	$(BIN)/python scripts/messages.py --check

bench: setup
	set -e; for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

bench-tuning: setup
	$(BIN)/python benchmarks/tuning.py --quality 2

bench-serving: setup
	$(BIN)/python benchmarks/serving.py

docs: setup
	$(BIN)/python scripts/document_cli.py

messages: setup
	$(BIN)/python scripts/messages.py
