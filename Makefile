# `make help` lists the targets. Each installs what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# Where this is set each test process rewrites and compiles every test module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo up down restart reload status check format test test-browser test-docker test-unit test-e2e bench lock openapi conformance

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install Python and npm packages, nginx and bubblewrap
	@scripts/setup/python.sh
	@scripts/setup/node.sh
	@scripts/setup/nginx.sh
	@scripts/setup/bubblewrap.sh

demo: setup ## start the whole stack, run one journey of a dApp user and print it
	@$(PY) -m scripts.stack up
	@$(PY) -m scripts.demo

up: setup ## start the whole stack and return when everything answers
	@$(PY) -m scripts.stack up

down: ## stop the whole stack
	@[ -x $(PY) ] && $(PY) -m scripts.stack down || echo "Nothing is installed, so nothing runs."

status: ## what runs
	@$(PY) -m scripts.stack status

reload: ## have the running gateway take up its configuration, downloads under way go on
	@$(PY) -m scripts.stack reload

check: ## format, lint, types, import walls, unit tests
	@scripts/setup/python.sh
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PYTEST) -q -n 2 tests/unit

format: ## apply the formatter and the fixes it is sure of
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

test: setup ## every test that needs no Docker Engine, Slurm or browser
	@scripts/setup/postgres.sh
	@scripts/setup/node.sh tests/e2e/oceanjs
	@scripts/setup/node.sh tests/e2e/dcp
	@scripts/setup/client.sh prominence prominence-cli diracx-cli
	scripts/test.sh

test-browser: setup ## the pages in a headless Chromium before a whole stack
	@scripts/setup/browser.sh
	$(PYTEST) -q -n 0 tests/browser

test-docker: setup ## the docker engine against a real Docker Engine, which it installs and starts when root
	@scripts/setup/docker.sh
	$(PYTEST) -q -n 0 tests/docker

bench: setup ## measure against the targets, print a table, write bench/results.json
	@scripts/setup/wrk.sh
	@$(PY) -m scripts.bench

openapi: ## write docs/openapi anew from the code
	@scripts/setup/python.sh
	@$(PY) -m scripts.openapi

conformance: ## write docs/conformance.md anew from the tests
	@scripts/setup/python.sh
	@$(PY) -m scripts.conformance

lock: ## compile requirements.lock anew
	@.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile --universal --generate-hashes --python-version 3.11 --all-extras pyproject.toml -o requirements.lock --no-header --quiet
