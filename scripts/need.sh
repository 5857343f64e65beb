#!/usr/bin/env bash
# Makes sure that the named tools are there: installs what Debian packages, and says in one line what is missing otherwise.
set -euo pipefail

package_of() {
    case "$1" in
        cc) echo build-essential ;;
        python3) echo "python3 python3-venv" ;;
        chromium) echo chromium ;;
        java) echo openjdk-17-jre-headless ;;
        mvn) echo maven ;;
        socat) echo socat ;;
        mosquitto) echo mosquitto ;;
        openssl) echo openssl ;;
        xz) echo xz-utils ;;
        zlib) echo zlib1g-dev ;;
        openssl-lib) echo libssl-dev ;;
        *) echo "" ;;
    esac
}

advice_of() {
    case "$1" in
        cargo) echo "install Rust 1.95 or newer with rustup (https://rustup.rs)" ;;
        node | npm) echo "install Node 20 or newer (https://nodejs.org)" ;;
        *) echo "install $1" ;;
    esac
}

# Libraries are known by a header, programs by their name.
is_there() {
    case "$1" in
        zlib) echo '#include <zlib.h>' | cc -E - >/dev/null 2>&1 ;;
        openssl-lib) echo '#include <openssl/ssl.h>' | cc -E - >/dev/null 2>&1 ;;
        # Debian keeps daemons where only root looks.
        *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
    esac
}

for tool in "$@"; do
    is_there "$tool" && continue
    package=$(package_of "$tool")
    if [ -n "$package" ] && command -v apt-get >/dev/null; then
        sudo=""
        [ "$(id -u)" = 0 ] || sudo="sudo"
        echo "installing $package"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086
        $sudo apt-get update -qq && $sudo apt-get install -y -qq $package >/dev/null
    fi
    is_there "$tool" || { echo "missing: $tool; $(advice_of "$tool")" >&2; exit 1; }
done
