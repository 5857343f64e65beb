# What people type. Each target does all the set-up that a fresh Debian machine with Rust and Node needs.
.DEFAULT_GOAL := help
.PHONY: help demo test check test-long nightly simulate web e2e bench evaluate schema deny sbom clean
SHELL := /bin/bash
export CARGO_TERM_COLOR ?= auto
# Where real recordings lie, if they are there; the tests that need them say so when they are not.
export MILLWRIGHT_SHARED ?= $(abspath ../shared)

help: ## what there is
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## build page and program, start a simulated plant, print the address
	@scripts/need.sh cargo node npm cc zlib openssl-lib
	@$(MAKE) --no-print-directory web
	cargo build --bin millwright
	@$${CARGO_TARGET_DIR:-target}/debug/millwright demo

web: web/dist/index.html ## build the page

web/dist/index.html: $(shell find web/src web/public web/scripts web/index.html web/package-lock.json web/vite.config.ts web/tsconfig.json graphql/schema.graphql -type f 2>/dev/null)
	@scripts/need.sh node npm
	cd web && npm ci --no-audit --no-fund --silent && npm run --silent build

check: ## formatting, lints, the fast tests
	@scripts/need.sh cargo cc zlib openssl-lib
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo test --workspace --quiet --lib --bins

test: ## everything that CI runs
	@scripts/need.sh cargo node npm python3 cc zlib openssl openssl-lib java mvn socat mosquitto xz
	@scripts/test.sh

test-long: ## the kills, soaks and fuzzing that take longer
	@scripts/need.sh cargo node npm python3 cc zlib openssl openssl-lib java mvn socat mosquitto xz
	@tests/peers/setup.sh
	cargo test --workspace -- --include-ignored --skip soak::a_day
	cargo test --test it -- --ignored soak::a_day --nocapture --test-threads=1
	FUZZ_SECONDS=$${FUZZ_SECONDS:-300} cargo run --quiet -p millwright-fuzz

simulate: ## the whole plant under seeded faults: SEEDS=1000, FROM=1; SEED=35 shows one
	@scripts/need.sh cargo cc
	cargo build --quiet --release -p millwright-simulation
	@$${CARGO_TARGET_DIR:-target}/release/millwright-simulation $(if $(SEED),--seed $(SEED) --trace,--seeds $(or $(SEEDS),1000) --from $(or $(FROM),1))

nightly: ## kill -9 under load, KILLS=10000 [ENGINE=embedded|kafka|both] [MINUTES=20]
	@scripts/need.sh cargo cc zlib openssl-lib java mvn
	@scripts/nightly.sh "$${KILLS:-10000}" "$${ENGINE:-both}"

e2e: web ## the page in a real browser against a running demo
	@scripts/need.sh chromium
	cargo build --quiet --bin millwright
	@scripts/e2e.sh

bench: ## every benchmark, as JSON lines; docs/benchmarks.md explains them
	@scripts/need.sh cargo cc
	cargo build --quiet --release --bin millwright
	cargo build --quiet --release --manifest-path bench/cqrs-es-peer/Cargo.toml --target-dir bench/cqrs-es-peer/target
	@for name in append ingest replay rebuild past polling detectors similar gateway alert write graphql subscriptions audit idle kafka-produce "commands --kafka auto --postgres auto" takeover; do $${CARGO_TARGET_DIR:-target}/release/millwright bench $$name --json || exit 1; done

evaluate: ## how well it detects and remembers, on recordings: docs/evaluation.md; RECORDINGS=DIR
	@scripts/need.sh cargo cc
	cargo build --quiet --bin millwright
	@$${CARGO_TARGET_DIR:-target}/debug/millwright evaluate all "$(or $(RECORDINGS),$(MILLWRIGHT_SHARED)/data)" --markdown docs/evaluation.md

schema: ## write graphql/schema.graphql anew from the code
	BLESS=1 cargo test --quiet -p millwright-graphql schema

deny: ## licences, advisories and sources of everything we use
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check bans licenses sources
	@scripts/advisories.sh

sbom: ## what a build is made of, as CycloneDX: sbom/
	@scripts/need.sh cargo node npm
	@scripts/sbom.sh

clean: ## what was built, not what was recorded
	rm -rf target sbom web/dist web/node_modules .venv test-artefacts
