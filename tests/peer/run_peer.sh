#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# Make the peers' Python environment where it is missing, then run the checks against a real Spark.
# WEIR_PEER_VENV: where it lies (default build/peer). Arguments go to test_peer.py. Needs Java 17.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
venv=${WEIR_PEER_VENV:-build/peer}
if ! "$venv/bin/python" -c 'import pyspark, duckdb, pyarrow' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check pyspark==4.3.0 duckdb==2.0.0 pyarrow==26.0.1
fi
exec "$venv/bin/python" tests/peer/test_peer.py "$@"
