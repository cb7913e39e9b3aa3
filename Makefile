# The only door. `make` alone says what there is.
# Nothing is installed outside .venv and node_modules; what only the system can install is named when it is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.SUFFIXES:

BIN := .venv/bin
READY := .venv/.ready
AXE := node_modules/.ready
SAMPLES := src/wardwatch/content/samples
# The first Python of 3.11 or later; `make PYTHON=…` chooses another one.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11; do \
	command -v $$one >/dev/null && $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$one && break; done)
UV := $(shell command -v uv)
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --universal --python-version 3.11 \
	--no-annotate --no-header

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(READY) ## start Wardwatch with its demo cluster on http://127.0.0.1:8000
	$(BIN)/wardwatch serve --demo

.PHONY: test
test: $(READY) browser services database ## run all tests (those that need a browser or other tools are skipped with a reason without them)
	$(BIN)/pytest -n auto
	$(BIN)/python tests/on_postgresql.py -n auto

.PHONY: check
check: $(READY) ## format, lint, types, import contracts, house rules, content, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house
	$(BIN)/wardwatch rules check

.PHONY: bench
bench: $(READY) ## measure, beside peers where they are on the machine
	$(BIN)/python -m bench

.PHONY: format
format: $(READY) ## format the code, and mend what ruff can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

.PHONY: lock
lock: $(READY) ## resolve the dependencies anew into the lock files
	$(COMPILE) --upgrade --output-file requirements.lock >/dev/null
	$(COMPILE) --upgrade --group dev --output-file requirements-dev.lock >/dev/null

.PHONY: wheels
wheels: $(READY) ## everything that an installation needs, in the folder dist/wheels (for machines without network)
	rm -rf dist/wheels && mkdir -p dist/wheels
	$(BIN)/python -m hatchling build --target wheel --directory dist/wheels
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes \
		--requirement requirements.lock --dest dist/wheels
	cp requirements.lock dist/wheels/
	@echo "take dist/wheels to the machine: see docs/how-to/install.md"

.PHONY: samples
samples: $(READY) ## write the sample logs again, the same every time
	$(BIN)/python tests/content/write_samples.py $(SAMPLES)

.PHONY: setup
setup: $(READY) ## only set up .venv

.PHONY: clean
clean: ## remove what was set up
	rm -rf .venv node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# One environment for all targets. Packages are checked against the hashes in the lock file, which is complete
# (--no-deps: pip would else look for newer releases of what is asked with extras, and refuse them for want of a hash).
$(READY): requirements-dev.lock pyproject.toml
ifneq ($(UV),)
	test -x $(BIN)/python || $(UV) venv --quiet --python "$(or $(PYTHON),>=3.11)" .venv
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or later"; \
		echo "hint: apt install python3 python3-venv, or make PYTHON=/path/to/python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call apt,python3-venv); } || { \
		echo "error: this Python cannot make virtual environments"; \
		echo "hint: apt install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; exit 2; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@

# Install a Debian package where that is possible without asking.
apt = test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	{ apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(1) >/dev/null; }

# What the browser tests use. They are skipped, and say why, where it cannot be had.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { $(call apt,chromium); } || \
		echo "note: browser tests will be skipped (apt install chromium)"
	@/sbin/ldconfig -p | grep -q 'libatomic\.so\.1' || { $(call apt,libatomic1); } || \
		echo "note: browser tests will be skipped (apt install libatomic1, which their driver needs)"
	@$(MAKE) --no-print-directory $(AXE) || echo "note: accessibility tests will be skipped (npm ci)"

# Log shippers of others, with which tests of the listeners talk. syslog-ng and rsyslog exclude each other: it is only
# unpacked. Nothing is started as a service of this machine.
SHIPPERS := rsyslog rsyslog-gnutls rsyslog-elasticsearch rsyslog-relp curl
SYSLOG_NG := build/syslog-ng
SYSLOG_NG_PACKAGES := syslog-ng-core syslog-ng-mod-http libivykis0 libmaxminddb0 libnet1 libpcre3 libwrap0
.PHONY: services
services:
	@command -v rsyslogd >/dev/null || { export RUNLEVEL=1; $(call apt,$(SHIPPERS)); } || \
		echo "note: tests with rsyslog will be skipped (apt install $(SHIPPERS))"
	@test -x $(SYSLOG_NG)/usr/sbin/syslog-ng || { command -v apt-get >/dev/null && mkdir -p $(SYSLOG_NG) && \
		cd $(SYSLOG_NG) && apt-get -qq download $(SYSLOG_NG_PACKAGES) 2>/dev/null && \
		for one in *.deb; do dpkg-deb -x "$$one" . || exit 1; done && rm -f *.deb; } || \
		echo "note: tests with syslog-ng will be skipped (its packages cannot be had)"

# A database server, for the tests that run on SQLite and on PostgreSQL. Only its programs are used.
.PHONY: database
database:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ export RUNLEVEL=1; $(call apt,postgresql); } || \
		echo "note: tests on PostgreSQL will be skipped (apt install postgresql)"

$(AXE): package-lock.json
	@command -v npm >/dev/null || { echo "note: no npm (apt install npm)"; exit 1; }
	npm ci --ignore-scripts --loglevel=error
	@touch $@
