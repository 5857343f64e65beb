#!/usr/bin/env bash
# Starts demos of its own on free ports, drives the page in a real browser, and ends them again: the whole road, then a new user's first minutes at both sizes.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export MILLWRIGHT_ARTEFACTS="${MILLWRIGHT_ARTEFACTS:-$PWD/test-artefacts}"
mkdir -p "$MILLWRIGHT_ARTEFACTS"
demo=
end_demo() {
    [ -n "$demo" ] || return 0
    kill "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
    demo=
}
trap 'end_demo; rm -rf "$work"' EXIT

# A demo that has just begun, under a name for its data and its log; what is to be run against it; the size of screen, if that is asked for.
against_a_demo() {
    local name=$1 log="$MILLWRIGHT_ARTEFACTS/demo-$1.log" url="$work/$1.url"
    "${CARGO_TARGET_DIR:-target}/debug/millwright" demo --data "$work/$name" --listen 127.0.0.1:0 --url-file "$url" >"$log" 2>&1 &
    demo=$!
    for _ in $(seq 150); do
        [ -s "$url" ] && break
        kill -0 "$demo" 2>/dev/null || { echo "the demo ended early:" >&2; tail -20 "$log" >&2; exit 1; }
        sleep 0.2
    done
    [ -s "$url" ] || { echo "the demo gave no address within 30 s" >&2; exit 1; }
    MILLWRIGHT_URL="$(cat "$url")" MILLWRIGHT_SHAPE="${3:-}" npm --prefix web run --silent "$2"
    end_demo
}

against_a_demo road e2e
against_a_demo phone e2e:trial phone
against_a_demo desktop e2e:trial desktop
