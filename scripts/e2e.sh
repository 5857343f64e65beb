#!/usr/bin/env bash
# Starts demos of its own on free ports, drives the page in a real browser, and ends them again: the whole road, then a new user's first minutes at both sizes.
# Before that the page's stand-in, which has what a demo that has just begun has not: a past, other people, a door, a crew with outsiders, a thousand signals.
# scripts/e2e.sh [stand-in | demo]: one of the two; the stand-in needs a page that is built, and no program.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export MILLWRIGHT_ARTEFACTS="${MILLWRIGHT_ARTEFACTS:-$PWD/test-artefacts}"
mkdir -p "$MILLWRIGHT_ARTEFACTS"
backend=
end_backend() {
    [ -n "$backend" ] || return 0
    kill "$backend" 2>/dev/null || true
    wait "$backend" 2>/dev/null || true
    backend=
}
trap 'end_backend; rm -rf "$work"' EXIT

# Until it has written its address, which it does when it listens.
await_address() {
    local what=$1 url=$2 log=$3
    for _ in $(seq 150); do
        [ -s "$url" ] && return 0
        kill -0 "$backend" 2>/dev/null || { echo "$what ended early:" >&2; tail -20 "$log" >&2; exit 1; }
        sleep 0.2
    done
    echo "$what gave no address within 30 s" >&2
    exit 1
}

# How many signals; what is to be run against it. The crew reports when the walk says so: how fast a machine is makes no difference to what is seen.
against_the_stand_in() {
    local signals=$1 log="$MILLWRIGHT_ARTEFACTS/stand-in-$2.log" url="$work/stand-in-$1.url"
    (cd web && PORT=0 SIGNALS="$signals" FAULT_AFTER_MS=3000 REPORT_AFTER_MS=3600000 exec node --import tsx e2e/fixture/server.ts) >"$url" 2>"$log" &
    backend=$!
    await_address "the stand-in" "$url" "$log"
    MILLWRIGHT_STAND_IN=1 MILLWRIGHT_URL="$(head -1 "$url")" npm --prefix web run --silent "$2"
    end_backend
}

# A demo that has just begun, under a name for its data and its log; what is to be run against it; the size of screen, if that is asked for.
against_a_demo() {
    local name=$1 log="$MILLWRIGHT_ARTEFACTS/demo-$1.log" url="$work/$1.url"
    "${CARGO_TARGET_DIR:-target}/debug/millwright" demo --data "$work/$name" --listen 127.0.0.1:0 --url-file "$url" >"$log" 2>&1 &
    backend=$!
    await_address "the demo" "$url" "$log"
    MILLWRIGHT_URL="$(cat "$url")" MILLWRIGHT_SHAPE="${3:-}" npm --prefix web run --silent "$2"
    end_backend
}

only="${1:-}"
if [ "$only" != demo ]; then
    began=$SECONDS
    against_the_stand_in 0 e2e
    # Where other tests share the processors, a task takes as much longer.
    MILLWRIGHT_LONGEST_TASK_MS=600 against_the_stand_in 1000 e2e:many
    echo "against the stand-in: $((SECONDS - began)) s"
fi
[ "$only" != stand-in ] || exit 0
against_a_demo road e2e
against_a_demo phone e2e:trial phone
against_a_demo desktop e2e:trial desktop
