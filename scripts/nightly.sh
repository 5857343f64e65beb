#!/usr/bin/env bash
# Kills small programs under load, again and again, and keeps the count: a night that ends early counts as far as it came.
#
#   nightly.sh KILLS [embedded|kafka|both]     until the nights together have made so many kills on each engine
#
# MINUTES=20 ends each engine's part after so long. Rows go to docs/endurance.md; the count of the nights so far lies in test-artefacts/nightly/.
set -euo pipefail
cd "$(dirname "$0")/.."

kills="${1:?say how many: nightly.sh 10000 both}"
engines="${2:-both}"
case "$engines" in
    embedded | kafka) ;;
    both) engines="embedded kafka" ;;
    *) echo "ENGINE is embedded, kafka or both, not $engines" >&2 && exit 2 ;;
esac
export KILLS="$kills" COUNTS="$PWD/test-artefacts/nightly"
mkdir -p "$COUNTS"

# kills, failures, next seed
count_of() {
    cat "$COUNTS/$1" 2>/dev/null || echo "0 0 0"
}

began_with="" engine=""
record() {
    [ -n "$engine" ] || return 0
    local before after
    read -ra before <<<"$began_with"
    read -ra after <<<"$(count_of "$engine")"
    local made=$((after[0] - before[0])) failed=$((after[1] - before[1])) took=$((SECONDS - began_at))
    [ "$made" -gt 0 ] || return 0
    echo "| $(date -u +%F) | $engine | $made | $failed | ${before[2]}–$((after[2] - 1)) | $((made * 60 / (took > 0 ? took : 1))) |" >>docs/endurance.md
    echo "$engine: $made kills, $failed failures, recorded in docs/endurance.md"
    # The goal is reached: the next night begins a new count, on seeds that were not there yet.
    [ "${after[0]}" -lt "$kills" ] || echo "0 0 ${after[2]}" >"$COUNTS/$engine"
    engine=""
}
trap record EXIT
trap 'exit 130' INT TERM

# A copy, so that whoever builds meanwhile does not change what is being tested.
built="$(cargo test --test it --no-run 2>&1 | tee /dev/stderr | sed -n 's/.*Executable.*(\(.*\)).*/\1/p')"
[ -n "$built" ] || { echo "the tests were not built" >&2 && exit 1; }
tests="$COUNTS/tests"
cp "$built" "$tests"
bad=0
for next in $engines; do
    engine=$next began_at=$SECONDS began_with="$(count_of "$next")"
    name="kills::night::a_night_of_kills_on_kafka"
    [ "$next" = embedded ] && name="kills::night::a_night_of_kills_on_the_embedded_log"
    "$tests" --ignored --exact "$name" --nocapture | grep -v '^$' || bad=1
    record
done
exit $bad
