# Each target sets itself up: `make serve` installs the server alone, the others what tests and development need beside
# it; both again when pyproject.toml changes.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)

# Tests start hundreds of processes: where the machine's environment has this, each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test endpoint dates parallel attack lint format proof operations docs bench fuzz

help: ## What can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 14

# Nothing is compiled ahead: Python does that for what is really imported, which is a small part.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	@$@ -m pip uninstall --quiet --yes --disable-pip-version-check setuptools 2>/dev/null  # Python 3.11 adds it: 10 MB

$(VENV)/server: pyproject.toml | $(BIN)/python
	@echo "installing the server into $(VENV) ..."
	$(INSTALL) .
	@touch $@

$(VENV)/ready: pyproject.toml | $(BIN)/python
	@echo "installing the server, its tests and the tools of development into $(VENV) ..."
	$(INSTALL) '.[dev]'
	@touch $(VENV)/server $@

serve: $(VENV)/server ## Start the server, PORT=9000 elsewhere than on 8080; ARGS goes to mocksrv serve
	$(BIN)/mocksrv serve $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(VENV)/ready ## Run all tests; ARGS goes to pytest
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

endpoint: $(VENV)/ready ## Check one operation, VENDOR=cht NAME=get_phone: tables of the documentation, style, imports, its tests
	$(BIN)/mocksrv operations --into docs
	$(BIN)/ruff check .
	$(BIN)/python -m pytest contract_tests/$(VENDOR) mocksrv/tests/$(VENDOR) mocksrv/tests/test_architecture.py \
		-k "$(NAME) or vendors/$(VENDOR)" $(ARGS)

dates: $(VENV)/ready ## Run the tests on other days, needs faketime; ARGS: --day leap-day, and arguments of pytest
	$(BIN)/python -m mocksrv.tests.days -n $(WORKERS) $(ARGS)

parallel: $(VENV)/ready ## Two hundred tests at once on one server, in twenty orders
	$(BIN)/python -m mocksrv.tests.parallel.run $(ARGS)

attack: $(VENV)/ready ## Hostile input, silent clients, killed servers, full disks; ARGS="--long -v" for much more of it
	$(BIN)/python -m pytest -n $(WORKERS) mocksrv/tests/attack $(ARGS)

lint: $(VENV)/ready ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: $(VENV)/ready ## Sort imports and fix what ruff can fix
	$(BIN)/ruff check --fix .

proof: $(VENV)/ready ## Replay the recorded answers, write down which operations they prove, and the documentation's tables
	$(BIN)/python -m pytest contract_tests/cht/test_recorded.py contract_tests/commcare/test_recorded.py --write-proof
	$(BIN)/mocksrv operations --into docs

operations: $(VENV)/ready ## Write the documentation's tables: operations, differences
	$(BIN)/mocksrv operations --into docs

docs: $(VENV)/ready ## Build the documentation as a site, into build/site; every dead link fails it
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict

bench: $(VENV)/ready ## Measure against peers in the same run
	for file in $(filter-out benchmarks/figures.py benchmarks/scale.py benchmarks/sizes.py,$(wildcard benchmarks/*.py)); do \
	  $(BIN)/python $$file || exit 1; done
	$(BIN)/python benchmarks/scale.py --into docs/figures
	$(BIN)/python benchmarks/sizes.py --into docs/figures

fuzz: $(VENV)/ready ## Call all that is declared, in many ways; ARGS: vendors, and options of `schemathesis run`
	$(BIN)/python -m contract_tests.fuzz --max-examples=100 $(ARGS)
