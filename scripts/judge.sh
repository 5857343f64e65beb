#!/usr/bin/env bash
# Programs that judge what we ship in deploy/: prints where one is. Looks on this machine first, and otherwise unpacks it into
# .judges/, where it is run from; nothing is installed, so that no server of theirs starts here.
#
#   judge.sh promtool | nginx | systemd-analyze | kustomize
#   judge.sh fetch                     all of them
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
kept="$root/.judges"
KUSTOMIZE=v5.5.0

fail() {
    echo "judge.sh: $*" >&2
    exit 1
}

package_of() {
    case "$1" in
        promtool) echo prometheus ;;
        nginx) echo nginx ;;
        systemd-analyze) echo systemd ;;
        *) fail "nobody knows $1" ;;
    esac
}

unpack() {
    command -v apt-get >/dev/null || fail "missing: $1; install it"
    local package folder sudo=""
    package=$(package_of "$1")
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "fetching $package" >&2
    folder=$(mktemp -d)
    # Lists that are there already may be good enough.
    (cd "$folder" && { apt-get download -qq "$package" || { $sudo apt-get update -qq && apt-get download -qq "$package"; }; }) >/dev/null 2>&1 ||
        fail "could not fetch Debian's $package; install $1"
    # Whoever looks meanwhile finds all of it or nothing.
    dpkg-deb -x "$folder"/*.deb "$folder/unpacked"
    mv -T "$folder/unpacked" "$kept/$package"
    rm -rf "$folder"
}

# Debian keeps daemons where only root looks.
found() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" || { [ -d "$kept" ] && find "$kept" -type f -name "$1" -perm -u+x | head -1 | grep .; }
}

# A kubectl of 2024 or newer has a kustomize that knows what we use.
kustomize() {
    if kubectl version --client 2>/dev/null | grep -q 'Kustomize Version: v5'; then
        echo "kubectl kustomize"
    elif command -v kustomize >/dev/null; then
        echo "kustomize build"
    else
        [ -x "$kept/kustomize" ] || {
            command -v go >/dev/null || fail "missing: kustomize; install kubectl 1.29 or newer"
            echo "building kustomize" >&2
            GOBIN="$kept" go install "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE" >&2 || fail "could not build kustomize; install kubectl 1.29 or newer"
        }
        echo "$kept/kustomize build"
    fi
}

judge() {
    [ "$1" = kustomize ] && { kustomize; return; }
    # Several tests may want one at once: the first one fetches.
    found "$1" || { (flock 9; found "$1" >/dev/null || unpack "$1") 9<"$0"; found "$1"; }
}

mkdir -p "$kept"
case "${1:-}" in
    fetch) for name in promtool nginx systemd-analyze kustomize; do judge "$name" >/dev/null; done ;;
    "") sed -n '2,7p' "$0" | cut -c3- >&2; exit 2 ;;
    *) judge "$1" ;;
esac
