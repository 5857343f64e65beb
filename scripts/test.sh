#!/usr/bin/env bash
# Everything that CI runs, in the order in which it fails soonest. Prints how long each part took.
set -euo pipefail
cd "$(dirname "$0")/.."

part() {
    local name=$1 began=$SECONDS
    shift
    echo "== $name"
    "$@"
    echo "== $name took $((SECONDS - began)) s"
}

build_page() {
    (cd web && npm ci --no-audit --no-fund --silent && npm run --silent check && npm run --silent build)
}

fetch_servers() {
    scripts/kafka.sh fetch
    scripts/postgres.sh fetch
}

# Building the checker takes minutes, so only CI does it unasked.
check_licences() {
    if [ -n "${CI:-}" ] && ! command -v cargo-deny >/dev/null; then
        cargo install --quiet --locked --debug cargo-deny
    fi
    if command -v cargo-deny >/dev/null; then
        cargo deny check bans licenses sources
        scripts/advisories.sh
    else
        echo "SKIPPED: licences, sources and advisories were not checked; make deny does it"
    fi
}

# A target uses one processor, so as many run at a time as there are.
fuzz() {
    local parts
    parts=$(nproc)
    seq "$parts" | xargs -P "$parts" -I {} env FUZZ_SECONDS="${FUZZ_SECONDS:-4}" FUZZ_PART="{}/$parts" "${CARGO_TARGET_DIR:-target}/debug/millwright-fuzz"
}

# Clippy's own compiler builds what it looks at, so that nothing is compiled twice: once to be looked at and once to be run. What was built
# without it is kept apart. An incremental build is slower the first time, which is the only time in CI.
lint_while_building() {
    RUSTC_WORKSPACE_WRAPPER="$(rustc --print sysroot)/bin/clippy-driver"
    CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"
    export RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS
    [ -x "$RUSTC_WORKSPACE_WRAPPER" ] || { echo "clippy is missing: rustup component add clippy" >&2; exit 1; }
    # How the driver is told what to deny is Clippy's own affair and may change: then lints would pass unseen.
    local known
    known=$(mktemp -d)
    if echo 'pub fn same(number: u8) -> u8 { return number; }' |
        "$RUSTC_WORKSPACE_WRAPPER" rustc --crate-name known --crate-type lib --emit=metadata --out-dir "$known" - 2>"$known/said"; then
        echo "clippy no longer refuses a known lint when a build goes through it: use cargo clippy -- -D warnings in scripts/test.sh" >&2
        exit 1
    fi
    rm -r "$known"
    [ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0
}

scripts/need.sh socat mosquitto
tests/peers/setup.sh
part "Kafka and Postgres, fetched" fetch_servers
part "judges of what is deployed, fetched" scripts/judge.sh fetch
part "formatting" cargo fmt --all --check
part "licences, sources, advisories" check_licences
part "page: types, unit tests, build" build_page
lint_while_building
part "build, with lints" cargo build --workspace --all-targets --quiet
# Most tests wait more than they work, for servers, devices and clocks.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$(($(nproc) + 1))}"
part "tests" cargo test --workspace
part "fuzz targets, seeded" fuzz
part "the whole plant under seeded faults" "${CARGO_TARGET_DIR:-target}/debug/millwright-simulation" --seeds "${SEEDS:-50}"
scripts/need.sh chromium
part "page in a real browser" scripts/e2e.sh
echo "everything passed in $SECONDS s"
