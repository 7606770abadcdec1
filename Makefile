# Each target sets itself up: the virtual environment is made anew when pyproject.toml changes.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8080
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help serve test parallel lint format proof operations bench fuzz

help: ## What can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 14

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

serve: $(VENV)/ready ## Start the server on PORT (8080)
	$(BIN)/mocksrv serve --port $(PORT) $(ARGS)

test: $(VENV)/ready ## Run all tests; ARGS goes to pytest
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

parallel: $(VENV)/ready ## Two hundred tests at once on one server, in twenty orders
	$(BIN)/python -m mocksrv.tests.parallel.run $(ARGS)

lint: $(VENV)/ready ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: $(VENV)/ready ## Sort imports and fix what ruff can fix
	$(BIN)/ruff check --fix .

proof: $(VENV)/ready ## Replay the recorded answers, write down which operations they prove, and the documentation's tables
	$(BIN)/python -m pytest contract_tests/cht/test_recorded.py --write-proof
	$(BIN)/mocksrv operations --into docs

operations: $(VENV)/ready ## Write the documentation's tables: operations, differences
	$(BIN)/mocksrv operations --into docs

bench: $(VENV)/ready ## Measure against peers in the same run
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

fuzz: $(VENV)/ready ## Call all that is declared, in many ways; ARGS: vendors, and options of `schemathesis run`
	$(BIN)/python -m contract_tests.fuzz --max-examples=100 $(ARGS)
