# `make help` lists the targets. Everything is set up inside the repository, in .venv and
# node_modules, and again only when a lock changes.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.installed node_modules/.installed ## Set up .venv and node_modules (the other targets do it by themselves)

# Both are looked for before either of them spends a minute on its packages.
define CHECK_TOOLS
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.13" >&2; exit 1; }
@command -v node >/dev/null && command -v npm >/dev/null || \
  { echo "Node.js 22 or newer is needed for the CDK CLI, with npm: https://nodejs.org" >&2; exit 1; }
@# Release 20 is past its end of life, but still works.
@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || \
  { echo "Node.js 22 or newer is needed for the CDK CLI; this is $$(node --version)." >&2; exit 1; }
endef

# A line that counts the packages on a terminal, and a line for every twentieth elsewhere.
COUNTED := { number=0; while read -r verb package rest; do \
    if [ "$$verb" = Collecting ]; then number=$$((number + 1)); \
      if [ -t 1 ]; then printf '\r  collecting %d of %d: %-40.40s' $$number $$total "$${package%%=*}"; \
      elif [ $$((number % 20)) = 0 ]; then echo "  collecting $$number of $$total"; fi; \
    elif [ "$$verb" = Installing ]; then [ ! -t 1 ] || printf '\r%-70s\r' ''; echo "  installing $$total packages ..."; fi; done; }

$(VENV)/.installed: requirements-dev.lock
	$(CHECK_TOOLS)
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@set -o pipefail; total=$$(grep -c '^[a-z].*==' $<); \
	  PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --progress-bar off --disable-pip-version-check \
	    --require-hashes -r $< | $(COUNTED)
	@touch $@

$(VENV)/.spark: requirements-spark.lock $(VENV)/.installed
	@echo "Setting up Spark for the tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $@

node_modules/.installed: package.json package-lock.json
	$(CHECK_TOOLS)
	@echo "Setting up node_modules (once, some seconds) ..."
	@npm ci --loglevel=error --no-fund --no-audit
	@touch $@

.PHONY: demo
demo: setup ## Run three pipelines on local AWS: no AWS account, no Docker
	@$(BIN)/python -m local demo

# What local AWS has decided about permissions, over both targets: tests/looking_back.py.
DECISIONS := $(CURDIR)/.build/decisions
PYTEST := LOCAL_AWS_DECISIONS=$(DECISIONS) $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder \
  --ignore=tests/newcomer

.PHONY: test
test: setup ## Run the unit, infra, local and system tests, but for those of `make test-long`
	@rm -rf $(DECISIONS) && mkdir -p $(DECISIONS)
	@$(PYTEST) -m "not long" $(MORE)

.PHONY: test-long
test-long: setup ## Run the tests that take long and seldom find what the others do not; after `make test`, look back at permissions
	@LOOK_BACK=$(if $(wildcard $(DECISIONS)/*.jsonl),'*') $(PYTEST) -m long $(MORE)

.PHONY: coverage
coverage: ## Run all tests, and print the coverage of lambdas/ and infra/
	@$(MAKE) test MORE="--cov --cov-report="
	@$(MAKE) test-long MORE="--cov --cov-append --cov-report="
	@for folder in lambdas infra; do \
	  echo "Coverage of $$folder/: $$($(BIN)/coverage report --include="$$folder/*" --format=total) % of lines"; done

.PHONY: newcomer
newcomer: setup ## Follow README's own commands in a fresh clone, to a handler that runs on local AWS
	@$(BIN)/python -m pytest -s tests/newcomer

.PHONY: containers
containers: setup ## Run all shell, SQL and copy system tests with their handlers in containers
	@EVERYTHING_IN_CONTAINERS=1 $(BIN)/python -m pytest -k in-containers tests/system

.PHONY: test-spark
test-spark: setup $(VENV)/.spark ## Add PySpark to .venv (490 MB; needs Java), and run the tests that need it; `make test` then runs them too
	@SPARK=required $(BIN)/python -m pytest -m spark

.PHONY: chaos
chaos: setup ## Run 2,000 tasks while much goes wrong; SEED=N repeats the faults of an earlier run, TASKS=N runs fewer
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(TASKS),--tasks $(TASKS))

.PHONY: hostile
hostile: setup ## Run 500 commands that do what they can to their successors; SEED=N makes others
	@HOSTILE_COMMANDS=500 $(if $(SEED),HOSTILE_SEED=$(SEED)) $(BIN)/python -m pytest tests/system/test_hostile_commands.py

.PHONY: protections
protections: setup ## Take each protection away, one at a time: its tests have to fail
	@$(BIN)/python -m tests.protections

.PHONY: bench
bench: setup ## Measure the figures that the documentation states
	@$(BIN)/python -m bench

.PHONY: lint
lint: setup ## Check format, style and types of Python and JavaScript, shell scripts and workflow files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@npx --no-install biome ci --error-on-warnings --colors=off .
	@npx --no-install tsc --project local/console/jsconfig.json
	@$(BIN)/shellcheck $$(git ls-files | xargs awk 'FNR == 1 {if (/^#!.*[\/ ](ba|da)?sh/) print FILENAME; nextfile}')
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

.PHONY: format
format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@npx --no-install biome check --write --colors=off .

# uv rather than pip-tools: it resolves for every machine at once, so that one lock serves Python 3.11 to 3.14 on
# Linux and macOS. The asset's lock is for the one runtime that is deployed. What is locked stays, unless a
# requirement rules it out.
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --only-binary :all: --custom-compile-command "make lock"
FOR_EACH := --universal --python-version 3.11
FOR_LAMBDA := --python-platform aarch64-manylinux2014 --python-version 3.13

.PHONY: lock
lock: setup ## Lock what the requirements files ask for; UPGRADE=1 takes the newest releases they allow
	@$(LOCK) $(if $(UPGRADE),--upgrade) $(FOR_EACH) requirements-dev.txt --output-file requirements-dev.lock
	@$(LOCK) $(FOR_EACH) requirements.txt --constraint requirements-dev.lock --output-file requirements.lock
	@$(LOCK) $(FOR_LAMBDA) lambdas/requirements.txt --constraint requirements-dev.lock --output-file lambdas/requirements.lock
	@$(subst --only-binary :all:,,$(LOCK)) $(FOR_EACH) requirements-spark.txt --output-file requirements-spark.lock
	@$(BIN)/python -m infra.lock_file requirements.txt requirements-dev.txt requirements-spark.txt lambdas/requirements.txt

.PHONY: synth
synth: setup ## Synthesize the CloudFormation template into cdk.out
	@CDK_DISABLE_VERSION_CHECK=1 npx --no-install cdk synth --quiet

.PHONY: up
up: setup ## Start local AWS with the stack deployed, until Ctrl-C
	@$(BIN)/python -m local up

.PHONY: clean
clean: ## Remove what building leaves behind; .venv and node_modules stay
	@rm -rf cdk.out .build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
