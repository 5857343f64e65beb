#!/usr/bin/env bash
# A Postgres server of one's own for tests and trials: its own cluster in DIR on a free loopback port, durable as a real one.
# The system's own cluster is never touched. Prints the URL.
#
#   postgres.sh up DIR [--parent PID]   make the cluster if it is not there, start it, print its URL; it ends with process PID, folder and all
#   postgres.sh start DIR               start it again, on the port it had
#   postgres.sh down DIR                stop it in good order
#   postgres.sh kill DIR                SIGKILL, as a power cut would
#   postgres.sh wipe DIR                stop it and remove DIR
#   postgres.sh fetch                   only install Postgres itself
set -euo pipefail

usage() {
    sed -n '2,10p' "$0" | cut -c3- >&2
    exit 2
}

newest_bin() {
    # Without any Postgres the folder is not there either.
    { find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null || true; } | sort -V | tail -1 | xargs -r dirname
}

need_postgres() {
    bin=$(newest_bin)
    [ -n "$bin" ] && return
    # Several tests may want one at once: the first one installs.
    (flock 9 && install_postgres) 9<"$0"
    bin=$(newest_bin)
    [ -n "$bin" ] || { echo "postgresql was installed, and its programs are not in /usr/lib/postgresql" >&2; exit 1; }
}

install_postgres() {
    [ -z "$(newest_bin)" ] || return 0
    command -v apt-get >/dev/null || { echo "missing: Postgres; install its server, or set MILLWRIGHT_TEST_POSTGRES to the URL of one" >&2; exit 1; }
    local sudo=""
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    echo "installing postgresql" >&2
    # Debian would make and start a cluster of the system's; nobody asked for one.
    $sudo mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql; } >/dev/null ||
        { echo "could not install postgresql; install it, or set MILLWRIGHT_TEST_POSTGRES to the URL of a server" >&2; exit 1; }
}

# Postgres refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        is_free "$port" && { echo "$port"; return; }
    done
}

make_cluster() {
    mkdir -p "$dir"
    [ "$(id -u)" = 0 ] && chown postgres: "$dir"
    chmod 700 "$dir"
    as_owner test -w "$dir" || { echo "the user postgres cannot get to $dir; choose a folder below /tmp" >&2; exit 1; }
    local password
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    as_owner sh -c 'umask 077; printf "%s" "$1" >"$2/password"' sh "$password" "$dir"
    as_owner "$bin/initdb" --pgdata="$dir/data" --username=millwright --pwfile="$dir/password" --auth-host=scram-sha-256 \
        --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
    {
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = '$dir'"
        echo "fsync = on"
        echo "max_connections = 300"
        echo "shared_buffers = 64MB"
        echo "checkpoint_timeout = 15min"
    } >>"$dir/data/postgresql.conf"
}

start() {
    # Somebody may take the port between looking and binding: a new cluster then takes another.
    for _ in 1 2 3 4 5; do
        [ -s "$dir/port" ] || free_port >"$dir/port"
        if as_owner "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/server.log" --options="-p $(cat "$dir/port")" --wait --timeout=60 start >/dev/null 2>&1; then
            echo "postgres://millwright:$(cat "$dir/password")@127.0.0.1:$(cat "$dir/port")/postgres"
            return
        fi
        [ "$1" = fresh ] || break
        rm -f "$dir/port"
    done
    echo "Postgres did not start; $dir/server.log says:" >&2
    tail -20 "$dir/server.log" >&2
    exit 1
}

is_up() {
    [ -f "$dir/data/postmaster.pid" ] && kill -0 "$(head -1 "$dir/data/postmaster.pid")" 2>/dev/null
}

down() {
    is_up || return 0
    as_owner "$bin/pg_ctl" --pgdata="$dir/data" --mode=fast --wait --timeout=30 stop >/dev/null 2>&1 ||
        as_owner "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --wait stop >/dev/null
}

kill_hard() {
    is_up || { echo "no server runs in $dir" >&2; exit 1; }
    local postmaster children pid
    postmaster=$(head -1 "$dir/data/postmaster.pid")
    children=$(ps -o pid= --ppid "$postmaster" || true)
    # The children notice by themselves, and the next start would have to wait for them.
    # shellcheck disable=SC2086
    kill -9 "$postmaster" $children 2>/dev/null || true
    for pid in $postmaster $children; do
        while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    done
}

end_with() {
    local parent=$1
    (
        trap '' HUP
        while kill -0 "$parent" 2>/dev/null; do sleep 1; done
        "$0" wipe "$dir"
    ) </dev/null >/dev/null 2>&1 &
    disown
}

[ "${1:-}" = fetch ] && { need_postgres; exit; }
[ $# -ge 2 ] || usage
command=$1
dir=$(realpath -m "$2")
shift 2
need_postgres
case "$command" in
    up)
        [ "$dir" != / ] || usage
        fresh=kept
        [ -f "$dir/data/PG_VERSION" ] || { make_cluster; fresh=fresh; }
        # From here on it may have to be ended, whatever comes.
        [ "${1:-}" = --parent ] && end_with "${2:?--parent wants a process id}"
        is_up && { echo "postgres://millwright:$(cat "$dir/password")@127.0.0.1:$(cat "$dir/port")/postgres"; exit; }
        start "$fresh"
        ;;
    start) start kept ;;
    down) down ;;
    kill) kill_hard ;;
    wipe)
        [ -f "$dir/data/PG_VERSION" ] || { echo "$dir holds no cluster of this script" >&2; exit 1; }
        down
        rm -rf "$dir"
        ;;
    *) usage ;;
esac
