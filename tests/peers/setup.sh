#!/bin/sh
# Makes <repo>/.venv with the pinned test peers. Does nothing when they are there already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
venv="$repo/.venv"
mark="$venv/.peers-installed"

if [ -x "$venv/bin/python" ] && cmp -s "$here/requirements.txt" "$mark"; then
    exit 0
fi
if ! command -v python3 >/dev/null; then
    echo "python3 is missing: apt-get install python3 python3-venv" >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv" || { echo "python3 cannot make a venv: apt-get install python3-venv" >&2; exit 1; }
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
cp "$here/requirements.txt" "$mark"
echo "test peers are ready in $venv"
