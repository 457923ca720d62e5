# SPDX-License-Identifier: AGPL-3.0-or-later
# Every target does its own set-up; none needs another to have run first. `make help` lists them.
# Honoured: PORT=, PARTWELL_HOME=, PARTWELL_KEYS=, and PYTHON= (a Python 3.11 or newer to build with).
# Kept to what GNU Make 3.81 knows (macOS) and a POSIX shell.

PORT ?= 8000
export PORT
# Given on make's command line or in the environment, both reach the program; never set empty.
ifdef PARTWELL_HOME
export PARTWELL_HOME
endif
ifdef PARTWELL_KEYS
export PARTWELL_KEYS
endif

# The first Python 3.11 or newer. Version managers leave commands that only print an error, so each is run.
FIND_PYTHON = python=; for p in $(PYTHON) .venv/bin/python python3.13 python3.12 python3.11 python3 python3.14 python; do \
	  if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$p"; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "Partwell needs Python 3.11 or newer: install it (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python) and run make again." >&2; exit 2; fi;
BOOTSTRAP = @$(FIND_PYTHON) "$$python" scripts/bootstrap.py
VENV = .venv/bin

.PHONY: help setup demo run test lint types fuzz nightly kill-nightly bench mutation check-clean lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

setup: ## everything that running, testing and developing need, in .venv
	$(BOOTSTRAP) dev

demo: ## a sample MSP on loopback, with one sign-in link a party
	$(BOOTSTRAP) base
	@exec $(VENV)/partwell demo

run: ## an empty installation on loopback
	$(BOOTSTRAP) base
	@exec $(VENV)/partwell run

test: ## every gate: system tools, ruff, import contracts, mypy, pytest on two processes
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py all

lint: ## ruff, formatting, templates, import contracts, dependencies
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py lint

types: ## mypy
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py types

fuzz: ## longer property tests and the API fuzzer
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py fuzz

nightly: ## whole what the suite takes a part of: every bit, 100,000 rows, every width and colour
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py nightly

kill-nightly: ## kill -9 at many more points than the suite does
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py kill-nightly

bench: ## the measurements of benchmarks/, as ratios (BENCH="bundle --postgresql" chooses)
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py bench $(BENCH)

mutation: ## change one thing at a time in rules/ and see that a test notices
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/mutate.py

check-clean: ## set up and answer from a copy of HEAD, with uv, without it, and without ensurepip
	@$(FIND_PYTHON) "$$python" scripts/check_clean.py

lock: ## pin the requirement files again, with hashes and without addresses
	$(BOOTSTRAP) dev
	@exec $(VENV)/python scripts/gates.py lock

clean: ## remove what set-up and tests made (never an installation's home or keys)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist .setup-stamp*
