# The one entrance. `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo build test test-rust test-oracles test-bindings test-browser sim sim-checks bench check fmt release-check clean
SHELL := /bin/bash

PRODUCT := -p companion -p clinic-server -p clinic-console
BIN := $(or $(CARGO_TARGET_DIR),target)/debug
ARGS ?=
BENCH_ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building needs (Debian packages)
	@tools/setup

setup-test: ## Install what testing needs, too
	@tools/setup test

demo: setup ## Build, and show the whole product on this machine: make demo ARGS="--import FILE"
	cargo build $(PRODUCT)
	$(BIN)/companion demo $(ARGS)

build: ## Build the programs and everything that is tested
	cargo build --workspace --bins

test: setup-test build test-oracles test-rust test-bindings test-browser ## Pass every test; installs what they need

test-rust: ## Unit, property, contract, crash and end-to-end tests in Rust
	cargo test --workspace

test-oracles: ## An independent reader of the protocol, in JavaScript; others' view of the API's description and metrics
	cd tests/oracles/node && npm ci --silent --no-audit --no-fund && npm test
	tests/oracles/python/run.sh

test-bindings: ## The bindings, driven from generated Python; generates Kotlin and Swift
	tests/bindings/run.sh

test-browser: ## The console in headless Chromium
	cd tests/browser && npm ci --silent --no-audit --no-fund && npm test

# Our own crates optimised, and the libraries as they are built already.
SIM := cargo build --workspace --example sim --config profile.dev.opt-level=2

sim: ## Devices against a hostile server, simulated: make sim SECONDS=60 JOBS=1 SEED=1
	$(SIM)
	SECONDS=$(or $(SECONDS),60) JOBS=$(JOBS) SEED=$(SEED) STEPS=$(STEPS) $(BIN)/examples/sim

sim-checks: ## That the simulator fails without each check (long): docs/SIMULATION.md
	tests/sim/removed-checks.sh

bench: ## Measure against bare baselines: make bench ARGS="--only save,open --quick"
	cargo build --profile bench -p companion-bench
	$(or $(CARGO_TARGET_DIR),target)/release/companion-bench $(BENCH_ARGS) $(ARGS)

check: ## Formatting, lints, licences, unused dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	@command -v cargo-machete >/dev/null || cargo install --locked cargo-machete
	cargo deny --locked check --hide-inclusion-graph licenses bans sources
	cargo machete

fmt: ## Format everything
	cargo fmt --all

release-check: ## What must hold before people rely on it: every crisis number verified by a person
	cargo test -p companion-core --test crisis -- --ignored release

clean: ## Remove what was built
	cargo clean
