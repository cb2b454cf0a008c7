# Roomwire. `make run` and `make test` need python3 (3.11 or newer), make and git, and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2
export HOST PORT

# A tenth of the tests, which take as long as all others: they start many processes, and wait for leases and time limits.
FAULTS := $(addprefix tests/,database deploy e2e edge hostile revocation $(addsuffix .py,accounts/test_enumeration \
  erasure/test_killed limits/test_passwords limits/test_redis_away limits/test_sockets presence/test_crowd \
  presence/test_redis_away presence/test_workers ready_frames/test_closes realtime/test_restored rooms/test_removal states/test_random \
  unit/test_pipelined_waits))

.DEFAULT_GOAL := help

help:  ## Print these lines
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

run: $(VENV)/base.stamp  ## Start on SQLite, one process, with demo data (HOST, PORT)
	@$(BIN)/python -m config.listening
	@$(DEV) $(BIN)/python manage.py migrate --verbosity 0
	@$(DEV) $(BIN)/python manage.py seed --url http://$(HOST):$(PORT)
	@$(DEV) exec $(BIN)/python -m config.serve

run-cluster: $(VENV)/cluster.stamp  ## Start PostgreSQL, Valkey and WORKERS=2 processes, as in production
	@WORKERS=$(WORKERS) exec $(BIN)/python -m devtools.cluster

test: $(VENV)/npm.stamp  ## Run the tests of every change (ARGS="-k word" for some of them)
	$(BIN)/python -m pytest -n 3 --dist loadgroup --ignore tests/system $(addprefix --ignore ,$(FAULTS)) $(ARGS)

test-faults: $(VENV)/dev.stamp  ## Run the tests that kill, freeze, flood and starve real processes, and wait for what follows
	$(BIN)/python -m pytest -n 4 --dist loadgroup $(FAULTS) $(ARGS)

test-system: $(VENV)/dev.stamp  ## Run the tests that need Debian's nginx, pgbouncer, chromium, openssl, Go and javac
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/system $(ARGS)

test-django61:  ## Run it on Django 6.1 too (needs PYTHON=python3.12 or newer)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { echo "Django 6.1 needs Python 3.12: make $@ PYTHON=python3.12"; exit 1; }
	@$(MAKE) --no-print-directory test VENV=.venv-django61 DEV_LOCK=requirements/dev-django61.txt

bench: $(VENV)/dev.stamp  ## Measure, beside the Channels tutorial and Socket.IO (ARGS="P1 P2" for some of it)
	@$(BIN)/python -m bench $(ARGS)

check: lint types contracts schema  ## Everything CI checks besides the tests

lint: $(VENV)/dev.stamp  ## Style
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.stamp  ## mypy, strict
	$(BIN)/mypy .

contracts: $(VENV)/dev.stamp  ## Who may import whom
	$(BIN)/lint-imports

schema: $(VENV)/dev.stamp  ## The OpenAPI and AsyncAPI documents and the migrations are those of the code; production settings are safe
	$(DEV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file var/openapi.yaml
	diff -u openapi/openapi.yaml var/openapi.yaml
	ROOMWIRE_ALLAUTH=on $(DEV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file var/openapi-accounts.yaml
	diff -u openapi/openapi-accounts.yaml var/openapi-accounts.yaml
	$(DEV) $(BIN)/python manage.py asyncapi --file var/asyncapi.yaml
	diff -u openapi/asyncapi.yaml var/asyncapi.yaml
	$(DEV) $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') ALLOWED_HOSTS=chat.example.com \
	DJANGO_SETTINGS_MODULE=config.settings.prod $(BIN)/python manage.py check --deploy --fail-level WARNING

openapi: $(VENV)/dev.stamp  ## Write the OpenAPI and AsyncAPI documents anew
	$(DEV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file openapi/openapi.yaml
	ROOMWIRE_ALLAUTH=on $(DEV) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file openapi/openapi-accounts.yaml
	$(DEV) $(BIN)/python manage.py asyncapi --file openapi/asyncapi.yaml

format: $(VENV)/dev.stamp  ## Put the code into shape
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: $(VENV)/dev.stamp  ## Compile requirements/*.in to hashed *.txt: Django 5.2 LTS, and a development set on 6.1
	for name in base prod cluster accounts dev; do \
	  $(LOCK) --python-version 3.11 -c requirements/django-5.2.constraint requirements/$$name.in -o requirements/$$name.txt || exit; done
	$(LOCK) --python-version 3.12 -c requirements/django-6.1.constraint requirements/dev.in -o requirements/dev-django61.txt

clean:  ## Forget the environments and all local data
	rm -rf .venv .venv-django61 var

DEV := DJANGO_SETTINGS_MODULE=config.settings.dev
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r
DEV_LOCK ?= requirements/dev.txt
NPM := tests/clients/typescript

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Roomwire needs Python 3.11 or newer; $(PYTHON) is older."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/base.stamp: requirements/base.txt | $(BIN)/python
	@echo "Installing what Roomwire needs into $(VENV) ..."
	@$(INSTALL) $< && touch $@

$(VENV)/cluster.stamp: requirements/cluster.txt | $(BIN)/python
	@echo "Installing Roomwire, PostgreSQL and Valkey into $(VENV) ..."
	@$(INSTALL) $< && touch $@

$(VENV)/dev.stamp: $(DEV_LOCK) | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) ..."
	@$(INSTALL) $< && touch $@ $(VENV)/base.stamp $(VENV)/cluster.stamp

# TypeScript, for the tests of the generated clients. npm itself is of the development set.
$(VENV)/npm.stamp: $(NPM)/package.json $(NPM)/package-lock.json $(VENV)/dev.stamp
	@mkdir -p $(VENV)/npm && cp $(NPM)/package.json $(NPM)/package-lock.json $(VENV)/npm
	@$(BIN)/npm ci --prefix $(VENV)/npm --ignore-scripts --no-audit --no-fund --silent && touch $@

.PHONY: help run run-cluster test test-faults test-system test-django61 bench check lint types contracts schema openapi format lock clean
