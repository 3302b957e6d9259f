#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# Makes the peers' Python environment where it is missing and prints the path of its python.
# WEIR_PEER_VENV: where it lies (default build/peer). Needs Java 17 for pyspark.
set -eu
cd "$(dirname "$0")/../.."
venv=${WEIR_PEER_VENV:-build/peer}
if ! "$venv/bin/python" -c 'import pyspark, duckdb, pyarrow, pandas, grpc_status, zstandard' 2>/dev/null; then
    echo "making the Python environment $venv" >&2
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        pyspark==4.3.0 duckdb==2.0.0 pyarrow==26.0.1 'pandas<3' \
        grpcio==1.85.1 grpcio-status==1.85.1 zstandard==0.25.0 >&2
fi
echo "$venv/bin/python"
