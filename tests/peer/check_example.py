#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""examples/pyspark/hourly_counts.py on Weir and on Spark's own Connect server: both end well and print the same.

    python tests/peer/check_example.py [--weir build/release/weir] [--no-spark]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools", "golden"))

import connect_servers  # noqa: E402

EXAMPLE = os.path.join(ROOT, "examples", "pyspark", "hourly_counts.py")


def run_example(server, data):
    """What the example prints; how many tables it saw."""
    done = subprocess.run([sys.executable, EXAMPLE, data, server.url], capture_output=True, text=True, timeout=300)
    server.stop()
    if done.returncode:
        sys.exit("%s ended with %d:\n%s" % (EXAMPLE, done.returncode, done.stderr[-3000:]))
    return done.stdout, int(re.search(r"tables seen while it ran: (\d+)", done.stderr).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weir", default=os.environ.get("WEIR", "build/release/weir"))
    parser.add_argument("--no-spark", action="store_true")
    args = parser.parse_args()
    weir = os.path.abspath(args.weir)
    with tempfile.TemporaryDirectory(prefix="weir-example-") as root:
        data = os.path.join(root, "events")
        make = [weir, "gen", "events", "--rows", "40000", "--files", "20", data]
        subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
        printed, seen = run_example(connect_servers.start_weir(weir, root), data)
        if "the same 108 counts in batch and stream" not in printed:
            sys.exit("the example on Weir printed:\n" + printed)
        if not args.no_spark:
            expected, _ = run_example(connect_servers.start_spark(root), data)
            if printed != expected:
                sys.exit("the example on Weir printed:\n%s\non Spark:\n%s" % (printed, expected))
    where = "on Weir alone" if args.no_spark else "the same on both servers"
    print("example: %s, %d tables seen while it ran on Weir" % (where, seen))


if __name__ == "__main__":
    main()
