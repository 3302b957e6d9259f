#!/bin/sh
# Licensed under the Apache License, Version 2.0; see LICENSE.
# Runs the checks against a real Spark; arguments go to test_peer.py. make_venv.sh says what it needs.
set -eu
cd "$(dirname "$0")/../.."
python=$(tests/peer/make_venv.sh)
"$python" tests/peer/check_connect_proto.py
"$python" tests/peer/check_connect_api.py
"$python" tests/peer/check_connect_api.py --family generate
"$python" tests/peer/check_example.py
"$python" tests/peer/check_connect_server.py
"$python" tests/peer/pyspark_share.py
"$python" tests/peer/check_connect_exit.py
"$python" tests/peer/check_connect_clients.py
"$python" -W ignore tests/peer/check_connect_tls.py
"$python" -W ignore tests/peer/check_connect_cuts.py
exec "$python" tests/peer/test_peer.py "$@"
