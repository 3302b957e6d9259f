#!/usr/bin/env bash
# A driver and executors on this machine, for a quick look; Ctrl-C ends them.
#   deploy/local_cluster.sh [EXECUTORS [CORES-EACH [PORT]]]
# Uses the program in $WEIR (build/release/weir). Submit with: weir run JOB.yaml --master nng://127.0.0.1:7077
set -euo pipefail
executors=${1:-2}
cores=${2:-1}
port=${3:-7077}
weir=${WEIR:-$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../build/release/weir}
if [[ ! -x $weir ]]; then
    echo "local_cluster: there is no program $weir: ./dev build release" >&2
    exit 1
fi
members=()
end() {
    trap - EXIT INT TERM
    # Executors first: they end at once while the driver can still let them go.
    kill -TERM "${members[@]:1}" 2>/dev/null || true
    wait "${members[@]:1}" 2>/dev/null || true
    kill -TERM "${members[0]}" 2>/dev/null || true
    wait "${members[0]}" 2>/dev/null || true
}
trap end EXIT
trap 'exit 0' INT TERM

"$weir" driver --listen "tcp://127.0.0.1:$port" &
members+=($!)
for ((tries = 0; ; tries++)); do
    "$weir" status "tcp://127.0.0.1:$port" >/dev/null 2>&1 && break
    kill -0 "${members[0]}" 2>/dev/null || exit 1
    if ((tries == 20)); then
        echo "local_cluster: the driver does not answer" >&2
        exit 1
    fi
    sleep 0.2
done
for ((i = 0; i < executors; i++)); do
    "$weir" executor --driver "tcp://127.0.0.1:$port" --cores "$cores" --listen tcp://127.0.0.1:0 &
    members+=($!)
done
echo "local_cluster: $executors executors; submit with: $weir run JOB.yaml --master nng://127.0.0.1:$port" >&2
wait "${members[0]}"
