#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# Older Connect clients beside the one of make_venv.sh, for check_connect_clients.py: prints VERSION=DIRECTORY
# a line. A directory holds pyspark alone, put before the environment's own by PYTHONPATH; made once, kept.
# WEIR_PEER_CLIENTS: where they lie (default build/peer/clients). Fails where PyPI cannot be reached.
set -eu
cd "$(dirname "$0")/../.."
python=$(tests/peer/make_venv.sh)
clients=${WEIR_PEER_CLIENTS:-$PWD/build/peer/clients}
for version in 4.0.1 4.1.1 4.2.0; do
    directory=$clients/$version
    if ! [ -d "$directory" ]; then
        rm -rf "$directory.making"
        "$python" -m pip install --quiet --disable-pip-version-check --no-deps --retries 1 \
            --target "$directory.making" "pyspark-client==$version" >&2
        mv "$directory.making" "$directory"
    fi
    echo "$version=$directory"
done
