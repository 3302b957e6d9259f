#!/usr/bin/env bash
# Tries docker-compose.yml for real: builds the image, starts a driver and three executors, runs the
# example job and a longer one during which an executor is killed, and compares both with local mode.
# `./dev test-compose` calls it.
#
# It uses the container engine that answers, else starts one of its own (root only) whose data stay in
# build/compose, so that the next try finds its layers. Where no image registry can be reached, debootstrap
# makes the base image. Ends with "N passed, N failed", or with status 77 and the reason where no engine can
# be had.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

BASE=debian:bookworm-slim
SIZE_MAX_MB=60
EXECUTORS=3
state=$PWD/build/compose
work=$(mktemp -d /tmp/weir-compose-XXXXXX) # short: sockets lie in it
engine=
passed=0
failed=0
export COMPOSE_PROJECT_NAME=weirtry COMPOSE_FILE=$PWD/docker-compose.yml DOCKER_BUILDKIT=0 WEIR_DATA=data

skip() {
    echo "test-compose: skipped: $*"
    exit 77
}

say() {
    echo "test-compose: $*" >&2
}

# check NAME COMMAND...: counts one check.
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        return 0
    fi
    failed=$((failed + 1))
    echo "FAILED $name: $*"
}

compose() {
    docker-compose --ansi never "$@"
}

clean_up() {
    local status=$?
    trap - EXIT
    if ((status != 0 && status != 77)); then
        compose logs --no-color --tail 60 2>&1 | tail -n 200 >&2 || true
    fi
    compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
    if [[ -n $engine ]]; then
        kill -TERM "$engine" 2>/dev/null || true
        wait "$engine" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT

# ---- the engine ----

start_engine() {
    local options=$1 tries
    dockerd --data-root "$state/docker" --exec-root "$work/exec" --pidfile "$work/pid" \
        --host "unix://$work/socket" $options >"$state/dockerd.log" 2>&1 &
    engine=$!
    for ((tries = 0; tries < 150; tries++)); do
        docker info >/dev/null 2>&1 && return 0
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.2
    done
    kill -TERM "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    engine=
    return 1
}

find_engine() {
    local tool
    for tool in docker docker-compose; do
        command -v $tool >/dev/null || skip "there is no $tool"
    done
    if docker info >/dev/null 2>&1; then
        return
    fi
    ((EUID == 0)) || skip "no container engine answers, and only root can start one"
    command -v dockerd >/dev/null || skip "there is no dockerd"
    mkdir -p "$state"
    unset DOCKER_TLS_VERIFY DOCKER_CONTEXT
    export DOCKER_HOST=unix://$work/socket
    start_engine "" || start_engine "--storage-driver=vfs" ||
        skip "the container engine does not start here: $(tail -n 1 "$state/dockerd.log")"
}

find_base() {
    if docker image inspect $BASE >/dev/null 2>&1 || timeout 30 docker pull -q $BASE >/dev/null 2>&1; then
        return
    fi
    ((EUID == 0)) || skip "no registry has $BASE, and only root can make it"
    command -v debootstrap >/dev/null || skip "no registry has $BASE, and there is no debootstrap to make it"
    say "making $BASE with debootstrap"
    debootstrap --variant=minbase bookworm "$work/base" >"$state/debootstrap.log" 2>&1 ||
        skip "debootstrap fails: $(tail -n 1 "$state/debootstrap.log")"
    tar -C "$work/base" --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
        --exclude='./usr/share/locale/*' --exclude='./var/cache/apt/*' \
        --exclude='./var/lib/apt/lists/*' -c . |
        docker import - $BASE >/dev/null
    rm -rf --one-file-system "$work/base"
}

image_mb() {
    echo $(($(docker image inspect -f '{{.Size}}' "$1") / 1000000))
}

# ---- questions ----

container() { # SERVICE [INDEX]
    compose ps -q "$1" | sed -n "${2:-1}p"
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

healthy() {
    [[ $(docker inspect -f '{{.State.Health.Status}}' "$1") == healthy ]]
}

ended() {
    [[ $(docker inspect -f '{{.State.Status}}' "$1") == exited ]]
}

exit_code() {
    docker inspect -f '{{.State.ExitCode}}' "$1"
}

has_lines() { # FILE PATTERN COUNT
    (($(grep -c "$2" "$1") >= $3))
}

executors_alive() {
    docker exec "$(container driver)" weir status tcp://127.0.0.1:7077 --json | python3 -c '
import json, sys
print(sum(executor["state"] == "alive" for executor in json.load(sys.stdin)["executors"]))'
}

alive_is() {
    [[ $(executors_alive) == "$1" ]]
}

# run_image NAME ARGUMENTS...: a container of the service `job` with a command of its own, beside the cluster.
run_image() {
    compose run -T --rm --no-deps -v "$work/jobs:/srv/jobs:ro" --entrypoint "$1" job "${@:2}" \
        2>>"$work/run.err"
}

# The same job in one process, with a checkpoint of its own.
run_local() {
    run_image sh -c "cd /tmp && ln -s /srv/weir/data data &&
        exec weir run $1 --master 'local[1]' --progress none"
}

serves_health() {
    local address
    address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' \
        "$(container driver)")
    python3 - "$address" <<'PYTHON'
import json, sys, urllib.request
with urllib.request.urlopen(f"http://{sys.argv[1]}:4040/healthz", timeout=5) as answer:
    assert answer.status == 200 and json.load(answer)["status"] == "ok"
PYTHON
}

# ---- the tries ----

try_image() {
    local size
    size=$(($(image_mb weir) - $(image_mb $BASE)))
    say "the image adds $size MB to its base"
    check "the image is small" test "$size" -lt $SIZE_MAX_MB
    check "time zones are there" run_image test -f /usr/share/zoneinfo/America/Chicago
    check "it does not run as root" test "$(run_image id -u)" = 10001
    check "no module is missing a library" run_image sh -c '! ldd /usr/local/bin/weir* | grep "not found"'
}

try_example() {
    compose up -d --scale executor=$EXECUTORS >"$work/up.log" 2>&1 || {
        cat "$work/up.log" >&2
        return 1
    }
    local job i
    job=$(compose ps -aq job)
    check "the example job ends" wait_until 90 ended "$job"
    check "the example job ends well" test "$(exit_code "$job")" = 0
    docker logs "$job" >"$work/example.out" 2>"$work/example.err"
    run_local /srv/examples/actions.yaml >"$work/example.local"
    check "a table a file" has_lines "$work/example.out" '^Batch: ' 20
    check "the tables are those of local mode" cmp "$work/example.out" "$work/example.local"
    check "the secret is private" test "$(run_image stat -c %a:%U /srv/secret/cluster)" = 600:weir
    check "the driver is healthy" wait_until 30 healthy "$(container driver)"
    for ((i = 1; i <= EXECUTORS; i++)); do
        check "executor $i is healthy" wait_until 30 healthy "$(container executor $i)"
    done
    check "the driver has $EXECUTORS executors" alive_is $EXECUTORS
    check "/healthz answers" serves_health
}

# A batch every 200 ms; an executor is killed after the fifth.
try_kill() {
    local files=30 status=0 job
    sed -e 's/^name: .*/name: again/; s/data\/events/data\/more/; s/checkpoints\/counts/checkpoints\/again/' \
        examples/actions.yaml >"$work/jobs/again.yaml"
    sed 's/{availableNow: true}/{processingTime: 200 milliseconds}/' "$work/jobs/again.yaml" \
        >"$work/jobs/timed.yaml"
    run_image weir gen events --rows 1500000 --seed 2 --files $files data/more
    compose run -T --rm --no-deps --name weirtry_timed -v "$work/jobs:/srv/jobs:ro" job \
        run /srv/jobs/timed.yaml --master nng://driver:7077 >"$work/again.out" 2>"$work/again.err" &
    job=$!
    check "the job runs" wait_until 30 has_lines "$work/again.out" '^Batch: ' 5
    docker kill -s KILL "$(container executor 2)" >/dev/null
    check "it had not ended" test "$(grep -c '^Batch: ' "$work/again.out")" -lt $files
    check "it goes on without it" wait_until 30 has_lines "$work/again.out" "^Batch: $((files - 1))" 1
    docker kill -s TERM weirtry_timed >/dev/null
    wait $job || status=$?
    check "SIGTERM ends it well" test $status = 0
    ((status == 0)) || tail -n 20 "$work/again.err" >&2
    run_local /srv/jobs/again.yaml >"$work/again.local"
    check "the tables are those of local mode, still" cmp "$work/again.out" "$work/again.local"
    check "the driver has noticed" wait_until 10 alive_is $((EXECUTORS - 1))
}

try_stop() {
    local id started=$SECONDS
    local driver survivors
    driver=$(container driver)
    survivors=$(compose ps -q executor | xargs docker inspect -f '{{.State.Running}} {{.Id}}' |
        awk '$1 == "true" {print $2}')
    compose stop >/dev/null 2>&1
    check "everything stops in time" test $((SECONDS - started)) -lt 20
    for id in $survivors; do
        check "an executor ends with 0" test "$(exit_code "$id")" = 0
    done
    check "the driver ends with 0" test "$(exit_code "$driver")" = 0
    compose down --volumes >/dev/null 2>&1
    check "nothing is left" test -z "$(docker ps -aq --filter label=com.docker.compose.project=weirtry)"
}

find_engine
compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || true
find_base
mkdir -p "$state"
say "building the image"
compose build driver >"$state/build.log" 2>&1 || {
    tail -n 40 "$state/build.log" >&2
    exit 1
}
mkdir -p "$work/jobs"
chmod 755 "$work" "$work/jobs"
try_image
try_example
try_kill
try_stop
say "$SECONDS s"
echo "$passed passed, $failed failed"
((failed == 0))
