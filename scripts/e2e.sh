#!/usr/bin/env bash
# Starts a demo of its own on a free port, drives the page in a real browser, and ends the demo again.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export MILLWRIGHT_ARTEFACTS="${MILLWRIGHT_ARTEFACTS:-$PWD/test-artefacts}"
mkdir -p "$MILLWRIGHT_ARTEFACTS"

"${CARGO_TARGET_DIR:-target}/debug/millwright" demo --data "$work/data" --listen 127.0.0.1:0 --url-file "$work/url" >"$MILLWRIGHT_ARTEFACTS/demo.log" 2>&1 &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$work"' EXIT

for _ in $(seq 150); do
    [ -s "$work/url" ] && break
    kill -0 "$demo" 2>/dev/null || { echo "the demo ended early:" >&2; tail -20 "$MILLWRIGHT_ARTEFACTS/demo.log" >&2; exit 1; }
    sleep 0.2
done
[ -s "$work/url" ] || { echo "the demo gave no address within 30 s" >&2; exit 1; }

MILLWRIGHT_URL="$(cat "$work/url")" npm --prefix web run --silent e2e
