# The commands of a checkout; "make" alone lists them. They need Python >= 3.11 and nothing else.
# All paths are relative: the checkout may stand in a folder with spaces.

.DEFAULT_GOAL := help
.PHONY: help environment run test faults check format lock clean
ARGS ?=
CONTROL ?=

# Another environment that happens to be active, or a user's way of installing, is no concern of ours.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_HASHES

LOCK := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links $(ARGS) pyproject.toml

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

environment: ## make or renew the virtual environment .venv (the others do this by themselves; PYTHON=… names the Python)
	@sh requirements/install.sh

run: environment ## run Lobby with all it needs and a demo hotel; HOST and PORT say where
	@.venv/bin/lobby dev $(ARGS)

test: environment ## run the tests; ARGS="-k socket -x" goes to pytest
	@.venv/bin/pytest -n 2 $(ARGS)

faults: environment ## run the drills at full size; CONTROL=6 takes out what drill 6 guards: it must fail then
	@DRILL_SENDS=2000 DRILL_CONTROL=$(CONTROL) .venv/bin/pytest -n 0 tests/drills $(ARGS)

check: environment ## lint, formatting, types, layers, and whether the migrations fit the tables
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/lobby check-migrations

format: environment ## format the code and mend what ruff can mend
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: environment ## renew the locks after a change to pyproject.toml; ARGS=--upgrade takes newer versions
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) --output-file requirements/runtime.txt
	$(LOCK) --extra embedded --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt

clean: ## remove what the commands made, except your data in .lobby
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .lobby/test dist app/static
	find app tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +
