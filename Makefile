# One entrance for people, for CI and for `sam build`. `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SCAN := $(VENV)/scan

# Functions are shipped as they stand (SkipBuild), so nothing may leave a __pycache__ behind.
export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run pi pictures test simulate mutants lint format lock build bench bench-peers cost throughput clean \
        build-SharedLayer build-ChainLayer

help: ## List the targets
	@awk -F ':.*## ' '/^[A-Za-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Set-up ------------------------------------------------------------------------------------

setup: $(READY) ## Make .venv with the pinned, hashed dependencies

$(READY): requirements-dev.txt requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) ..."
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@echo "Installing the pinned dependencies (half a minute on two cores) ..."
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.txt
	@ln -sf ../../local/command/pi-bundle $(BIN)/pi-bundle
	@touch $@

# The policy scanner's pins and ours exclude each other.
$(SCAN): requirements-scan.txt $(READY)
	@echo "Installing the policy scanner ..."
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $@
	@$(BIN)/uv pip sync -q --python $@/bin/python --require-hashes requirements-scan.txt
	@touch $@

lock: $(READY) ## Pin the newest dependencies, with hashes
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) $(NOT_TWICE) -c requirements.txt requirements-chain.in -o requirements-chain.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	echo uv | $(LOCK) - -o requirements-uv.txt
	$(LOCK) requirements-scan.in -o requirements-scan.txt

LOCK := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url
# The chain layer leaves out what the shared layer brings: the sender has both.
NOT_TWICE = $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements.txt)

# --- Laptop ------------------------------------------------------------------------------------

run: $(READY) ## The whole bundle on this machine (ONCE=1 PI_PORT= AWS_PORT= SHOP_PORT= STAGE_PORT= ALLOW_ORIGINS= WEBHOOK_URL= PI_API_URL= PI_SERVER_API_KEY=)
	@exec $(BIN)/python local/tether.py $$PPID $(BIN)/python -m local.run

pi: $(READY) ## The Pi emulator alone, for any back end (PI_PORT=)
	@exec $(BIN)/python local/tether.py $$PPID $(BIN)/python -m local.emulator $(if $(PI_PORT),--port $(PI_PORT))

pictures: $(READY) ## Take the README's pictures anew, of the stage in Chromium
	@exec $(BIN)/python local/tether.py $$PPID $(BIN)/python -m local.pictures

export ONCE PI_PORT AWS_PORT SHOP_PORT STAGE_PORT ALLOW_ORIGINS WEBHOOK_URL PI_API_URL PI_SERVER_API_KEY

test: $(READY) ## Every test (TESTS=path to choose)
	@$(BIN)/python -m pytest -n 2 $(TESTS)

simulate: $(READY) ## Random histories of the whole bundle, in foul weather (SEEDS= FIRST= WORKERS=; SEED=n replays)
	@$(BIN)/python -m tests.dice

export SEEDS FIRST SEED

mutants: $(READY) ## Small edits to a copy: do the tests notice? (MUTANTS=part of a name)
	@$(BIN)/python -m tests.mutants

export MUTANTS

bench: $(READY) ## Cold starts and warm calls against a bare script (ROUNDS= and PAIRS= of turns)
	@$(BIN)/python -m local.bench.compare

bench-peers: $(READY) ## Our approve and complete beside others, on one emulator (PAIRS= of turns)
	@$(BIN)/python -m local.bench.peers

cost: $(READY) ## What AWS asks for each flow and for a month, and which limit binds first
	@$(BIN)/python -m tests.cost

throughput: $(READY) ## How much a stack bears, in simulated time (PAYMENTS=most that are stuck)
	@$(BIN)/python -m tests.throughput

export ROUNDS PAIRS WORKERS PAYMENTS

# --- Gates -------------------------------------------------------------------------------------

lint: $(READY) $(SCAN) ## Every gate: style, types, layers, security, template, its policies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-logo
	$(BIN)/bandit -q -r functions shared
	$(BIN)/bandit -q -r --skip B404,B603,B606 local # starts its own tools, without a shell
	$(SAM) validate
	$(SAM) validate --lint
	$(SCAN)/bin/checkov --config-file .checkov.yaml

format: $(READY) ## Format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# --- Bundle ------------------------------------------------------------------------------------

# `sam validate` wants a region, but asks it nothing.
SAM := AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(BIN)/sam

build: $(READY) ## sam build, for AWS
	$(SAM) build

# The layers, called by `sam build`: pinned dependencies and, in the shared one, shared/, with
# bytecode if an interpreter of the runtime's minor version is at hand (every cold start compiles
# otherwise). They need only Python with pip. An empty LAYER_PLATFORM builds for this machine.
LAYER_VERSION ?= 3.13
LAYER_PLATFORM ?= --only-binary=:all: --platform manylinux2014_aarch64 --implementation cp \
                  --python-version $(LAYER_VERSION)
LAYER_PIP ?= $(firstword $(wildcard $(CURDIR)/$(BIN)/python) $(PYTHON))
LAYER_INSTALL ?= $(LAYER_PIP) -m pip install -q --disable-pip-version-check --no-compile
LAYER := $(ARTIFACTS_DIR)/python
COMPILERS := python$(LAYER_VERSION) $(wildcard $(HOME)/.pyenv/versions/$(LAYER_VERSION).*/bin/python)

build-SharedLayer:
	$(call install,requirements.txt)
	@cp -R shared "$(LAYER)/shared"
	$(finish)

build-ChainLayer:
	$(call install,requirements-chain.txt)
	$(finish)

# The locks are whole, so nothing has to be resolved.
define install
	@$(LAYER_INSTALL) --require-hashes --no-deps $(LAYER_PLATFORM) --target "$(LAYER)" -r $(1)
endef

define finish
	@rm -rf "$(LAYER)"/bin "$(LAYER)"/boto3* "$(LAYER)"/botocore* "$(LAYER)"/s3transfer* \
	  "$(LAYER)"/*.dist-info/RECORD
	@find "$(LAYER)" -name __pycache__ -type d -prune -exec rm -rf {} +
	@for python in $(COMPILERS); do \
	  "$$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(LAYER_VERSION)")' \
	    2>/dev/null || continue; \
	  exec "$$python" -m compileall -q --invalidation-mode unchecked-hash \
	    -s "$(ARTIFACTS_DIR)" -p /opt "$(LAYER)"; \
	done; echo "No Python $(LAYER_VERSION) here: the layer ships without bytecode, cold starts are slower."
endef

clean: ## Remove everything that was built, the environment included
	rm -rf $(VENV) .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
