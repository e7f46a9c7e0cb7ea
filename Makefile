# `make demo` and `make test` set everything up by themselves. ARGS goes to the command: make test ARGS="-k guard".

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PACKAGES := bind9 bubblewrap default-jre-headless git knot openssh-client pdns-backend-sqlite3 pdns-server postgresql
# Liquibase's own npm package with version 4 in it, which is under the Apache licence. The tests run it; nothing else does.
LIQUIBASE := liquibase@4.28.1
# What these packages would start at port 53. The tests start their own at free ports.
SERVICES := knot named pdns
COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

help: ## what can be made
	sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(VENV)/.complete ## the virtual environment with everything in it

demo: setup ## the story, told with real objects; ARGS="--once" ends by itself
	$(BIN)/trueup demo $(ARGS)

test: setup ## all tests
	$(BIN)/pytest -n auto $(ARGS)

lint: setup ## style, types, and which way imports point
	$(BIN)/ruff check src tests benchmarks .ci
	$(BIN)/ruff format --check src tests benchmarks .ci
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: setup ## the parts of README and docs that follow from the code
	$(BIN)/python -m tests.docs.generated

bench: setup ## measurements: a table, and build/bench.json
	$(BIN)/python -m benchmarks $(ARGS)

servers: ## what else the tests use from the Debian or Ubuntu archive; starts no service
	missing=()
	for package in $(PACKAGES); do
	  [ "$$(dpkg-query -W -f '$${db:Status-Status}' "$$package" 2>/dev/null || true)" = installed ] || missing+=("$$package")
	done
	[ $${#missing[@]} -gt 0 ] || exit 0
	install="apt-get install --yes --no-install-recommends $${missing[*]}"
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	  echo "Missing: $${missing[*]}. As root on Debian or Ubuntu: $$install" >&2
	  exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >/dev/null
	unknown=()
	for service in $(SERVICES); do
	  [ -e "/lib/systemd/system/$$service.service" ] || unknown+=("$$service.service")
	done
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$$policy" ]; then
	  trap 'rm -f "$$policy"' EXIT
	  printf '#!/bin/sh\nexit 101\n' >"$$policy"
	  chmod 755 "$$policy"
	fi
	$$install >/dev/null
	if [ $${#unknown[@]} -gt 0 ] && command -v systemctl >/dev/null; then
	  systemctl disable --quiet "$${unknown[@]}" 2>/dev/null || true
	fi

liquibase: $(VENV)/.$(LIQUIBASE) ## what else the tests use from the npm registry; needs npm and, to run, java

$(VENV)/.$(LIQUIBASE): $(VENV)/.python
	npm install --global --prefix $(VENV) --ignore-scripts --no-audit --no-fund --loglevel error $(LIQUIBASE) >/dev/null
	ln -sf ../lib/node_modules/liquibase/dist/liquibase/liquibase $(BIN)/liquibase
	touch $@

lock: $(VENV)/.complete ## new pins for requirements/, newest versions that pyproject.toml allows
	compile=($(BIN)/uv pip compile pyproject.toml $(COMPILE))
	"$${compile[@]}" --all-extras --output-file requirements/dev.txt
	"$${compile[@]}" --constraints requirements/dev.txt --no-annotate --output-file requirements/run.txt

$(VENV)/.python:
	for python in python3 python3.14 python3.13 python3.12 python3.11; do
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	    if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then
	      echo "$$python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2
	      exit 1
	    fi
	    "$$python" -m venv --clear $(VENV)
	    touch $@
	    exit 0
	  fi
	done
	echo "Python 3.11 or newer is needed, and none of python3, python3.11 to python3.14 on PATH is one" \
	  "($$(python3 --version 2>/dev/null || echo 'no python3'))." >&2
	exit 1

$(VENV)/.requirements: requirements/dev.txt $(VENV)/.python
	echo "Installing the pinned requirements ..." >&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	touch $@

$(VENV)/.complete: pyproject.toml $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: help setup demo test lint docs bench servers liquibase lock
