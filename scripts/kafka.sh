#!/usr/bin/env bash
# A real Kafka on this machine, for tests and for trying things: one broker or three, in a folder, on free loopback ports.
#
#   scripts/kafka.sh up [--nodes 1|3] [--secure] [--via PORT] [--parent PID] DIR   starts it, prints its bootstrap servers once it is ready
#   scripts/kafka.sh bootstrap DIR                                    prints them again
#   scripts/kafka.sh kill|start|stop|pause|resume DIR N               does that to node N; start waits until it is ready
#   scripts/kafka.sh down DIR                                         ends all nodes, keeps what they hold
#   scripts/kafka.sh wipe DIR                                         ends all nodes and removes the folder
#   scripts/kafka.sh fetch                                            only fetches Kafka itself
#
# --secure adds a listener with TLS and SASL/SCRAM-SHA-512 (user and password `millwright`); DIR/secure then holds its
# address, DIR/ca.pem whom to trust. --via adds one to node 1 that says it is at PORT, for a proxy in between; DIR/via then holds
# where the proxy has to lead. --parent: when that process ends, the brokers end and the folder goes.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
libs="${MILLWRIGHT_KAFKA_LIBS:-$root/.kafka/libs}"
# A second is enough to start, on most machines; this is for those where it is not.
patience=90

fail() {
    echo "kafka.sh: $*" >&2
    exit 1
}

fetch() {
    [ -e "$libs/.complete" ] && return
    "$root/scripts/need.sh" java mvn >&2
    mkdir -p "$libs"
    # Several may want it at once; one fetches, the others wait.
    (
        flock 9
        [ -e "$libs/.complete" ] && exit 0
        echo "fetching Apache Kafka (45 MB)" >&2
        mvn -q -B -f "$root/scripts/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs" >&2
        touch "$libs/.complete"
    ) 9>"$libs/.lock"
}

# Replaces the shell that runs it, so that the shell's id is the broker's.
java_of_kafka() {
    exec java -cp "$libs/*" -Dlog4j2.configurationFile="$root/scripts/kafka/log4j2.properties" "$@"
}

# A port nobody listens on, below the range from which outgoing connections get theirs.
free_port() {
    local port
    while :; do
        port=$((15000 + (RANDOM % 15000)))
        case " $taken " in *" $port "*) continue ;; esac
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    taken="$taken $port"
    free=$port
}

certificates() {
    local dir=$1
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=millwright-test-ca" -keyout "$dir/ca.key" -out "$dir/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout "$dir/broker.key" -out "$dir/broker.csr" 2>/dev/null
    openssl x509 -req -in "$dir/broker.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 3650 \
        -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$dir/broker.crt" 2>/dev/null
    cat "$dir/broker.key" "$dir/broker.crt" >"$dir/broker.pem"
}

properties() {
    local dir=$1 nodes=$2 node=$3 copies=1 in_sync=1
    [ "$nodes" = 3 ] && copies=3 in_sync=2
    local listeners="PLAINTEXT://127.0.0.1:${ports[$node]},CONTROLLER://127.0.0.1:${controllers[$node]}"
    local advertised="PLAINTEXT://127.0.0.1:${ports[$node]}"
    [ -n "$secure" ] && listeners="$listeners,SECURE://127.0.0.1:${securities[$node]}" advertised="$advertised,SECURE://127.0.0.1:${securities[$node]}"
    [ -n "$via" ] && [ "$node" = 1 ] && listeners="$listeners,VIA://127.0.0.1:$behind_via" advertised="$advertised,VIA://127.0.0.1:$via"
    cat <<PROPERTIES
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=$listeners
advertised.listeners=$advertised
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,VIA:PLAINTEXT,SECURE:SASL_SSL
log.dirs=$dir/node$node/data
default.replication.factor=$copies
min.insync.replicas=$in_sync
auto.create.topics.enable=false
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=8388608
PROPERTIES
    # So that a killed node is missed within seconds, as the tests with three want it.
    [ "$nodes" = 3 ] && printf 'broker.session.timeout.ms=6000\nbroker.heartbeat.interval.ms=1000\nreplica.lag.time.max.ms=6000\n'
    [ -n "$secure" ] && cat <<PROPERTIES
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=$dir/broker.pem
PROPERTIES
    true
}

format() {
    local dir=$1 cluster=$2 node=$3 users=()
    [ -n "$secure" ] && users=(--add-scram "SCRAM-SHA-512=[name=millwright,password=millwright]")
    (java_of_kafka -Xmx128m -XX:TieredStopAtLevel=1 -Dmillwright.node="$dir/node$node" kafka.tools.StorageTool format --cluster-id "$cluster" \
        --config "$dir/node$node/server.properties" "${users[@]}") >"$dir/node$node/format.log" 2>&1 || fail "storage was not formatted: $(cat "$dir/node$node/format.log")"
}

pid_of() {
    cat "$1/node$2/pid" 2>/dev/null || true
}

runs() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null
}

# The pid of a node that runs. A noted one may long be another's: that is left alone.
broker_of() {
    local home pid
    home="$(cd "$1/node$2" 2>/dev/null && pwd)" || return 0
    pid="$(pid_of "$1" "$2")"
    runs "$pid" || return 0
    case " $(ps -ww -o args= -p "$pid" 2>/dev/null || tr '\0' ' ' <"/proc/$pid/cmdline") " in
        *" -Dmillwright.node=$home "*) echo "$pid" ;;
    esac
}

# Nothing where it does not run.
signal() {
    local pid
    pid="$(broker_of "$1" "$2")"
    [ -z "$pid" ] || kill "-$3" "$pid" 2>/dev/null || true
}

# Starts a node without waiting for it.
launch() {
    local dir=$1 node=$2
    local home="$dir/node$node"
    [ -e "$home/server.properties" ] || fail "there is no node $node in $dir; start with: scripts/kafka.sh up $dir"
    [ -n "$(broker_of "$dir" "$node")" ] && fail "node $node in $dir runs already"
    : >"$home/broker.log"
    # C1 only: a broker of a test lives for seconds, and the better compiler would need the cores for most of them.
    java_of_kafka -Xms128m -Xmx"${MILLWRIGHT_KAFKA_HEAP:-384m}" -XX:+UseSerialGC -XX:TieredStopAtLevel="${MILLWRIGHT_KAFKA_TIER:-1}" \
        -Dmillwright.node="$home" -Djava.awt.headless=true kafka.Kafka "$home/server.properties" >"$home/out.log" 2>&1 </dev/null 9>&- &
    echo $! >"$home/pid"
    disown
}

ready() {
    local dir=$1 node=$2 pid
    pid="$(pid_of "$dir" "$node")"
    for _ in $(seq $((patience * 10))); do
        grep -q "Kafka Server started" "$dir/node$node/broker.log" && return
        runs "$pid" || fail "node $node ended early: $(tail -20 "$dir/node$node/out.log" "$dir/node$node/broker.log")"
        sleep 0.1
    done
    fail "node $node was not ready within $patience s: $(tail -20 "$dir/node$node/broker.log")"
}

end() {
    local dir=$1 node=$2 pid
    pid="$(broker_of "$dir" "$node")"
    [ -n "$pid" ] || return 0
    # One that was paused hears nothing else before.
    signal "$dir" "$node" CONT
    signal "$dir" "$node" "$3"
    for _ in $(seq 150); do
        runs "$pid" || return 0
        sleep 0.1
    done
    signal "$dir" "$node" KILL
}

nodes_of() {
    local home
    for home in "$1"/node*; do
        [ -d "$home" ] && echo "${home##*/node}"
    done
}

down() {
    local node
    # Killed: what a broker holds survives that, and three that are asked politely wait for each other.
    for node in $(nodes_of "$1"); do end "$1" "$node" KILL; done
}

wipe() {
    down "$1"
    # Only a folder of ours goes.
    [ ! -e "$1/bootstrap" ] || rm -rf "$1"
}

watch_parent() {
    local dir=$1 parent=$2
    (
        while kill -0 "$parent" 2>/dev/null; do sleep 0.5; done
        wipe "$dir"
    ) >/dev/null 2>&1 </dev/null &
    disown
}

up() {
    local nodes=1 parent="" dir=""
    secure="" taken="" via="" behind_via=""
    while [ $# -gt 0 ]; do
        case "$1" in
            --nodes) nodes=$2; shift ;;
            --parent) parent=$2; shift ;;
            --secure) secure=yes ;;
            --via) via=$2; shift ;;
            -*) fail "unknown option $1" ;;
            *) dir=$1 ;;
        esac
        shift
    done
    [ -n "$dir" ] || fail "say in which folder: scripts/kafka.sh up DIR"
    case "$nodes" in 1 | 3) ;; *) fail "--nodes is 1 or 3" ;; esac
    fetch
    mkdir -p "$dir"
    dir="$(cd "$dir" && pwd)"
    if [ ! -e "$dir/bootstrap" ]; then
        [ -n "$secure" ] && certificates "$dir"
        [ -n "$via" ] && free_port && behind_via=$free
        local node
        voters=""
        for node in $(seq "$nodes"); do
            free_port && ports[node]=$free
            free_port && controllers[node]=$free
            free_port && securities[node]=$free
            voters="$voters${voters:+,}$node@127.0.0.1:${controllers[node]}"
            bootstrap="${bootstrap:-}${bootstrap:+,}127.0.0.1:${ports[node]}"
        done
        # A cluster's id is a UUID in 22 characters.
        local cluster
        cluster="$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22)"
        cluster="A${cluster:1}"
        for node in $(seq "$nodes"); do
            mkdir -p "$dir/node$node"
            properties "$dir" "$nodes" "$node" >"$dir/node$node/server.properties"
            format "$dir" "$cluster" "$node"
        done
        [ -n "$secure" ] && echo "127.0.0.1:${securities[1]}" >"$dir/secure"
        [ -n "$via" ] && echo "127.0.0.1:$behind_via" >"$dir/via"
        echo "$bootstrap" >"$dir/bootstrap"
    fi
    for node in $(nodes_of "$dir"); do [ -n "$(broker_of "$dir" "$node")" ] || launch "$dir" "$node"; done
    [ -n "$parent" ] && watch_parent "$dir" "$parent"
    for node in $(nodes_of "$dir"); do ready "$dir" "$node"; done
    cat "$dir/bootstrap"
}

declare -a ports controllers securities
order="${1:-}"
[ $# -gt 0 ] && shift
case "$order" in
    up) up "$@" ;;
    fetch) fetch ;;
    bootstrap) cat "$1/bootstrap" ;;
    kill) end "$1" "$2" KILL ;;
    stop) end "$1" "$2" TERM ;;
    pause) signal "$1" "$2" STOP ;;
    resume) signal "$1" "$2" CONT ;;
    start) fetch && launch "$(cd "$1" && pwd)" "$2" && ready "$(cd "$1" && pwd)" "$2" ;;
    down) down "$1" ;;
    wipe) wipe "$1" ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
