#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record what a PySpark user sees on Spark's own Connect server: tests/golden/connect_api.jsonl.

    python tools/golden/record_api.py [--family NAME] [--out FILE] [CASE...]

A family other than `api` is that of cases_NAME.py and goes to connect_NAME.jsonl. tests/peer/check_connect_api.py runs
the same cases on Weir. With names, only the cases that contain one of them are recorded anew. Needs the environment of
tests/peer/make_venv.sh and Java 17."""

import argparse
import importlib
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import connect_servers  # noqa: E402
import run_api  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = ("api", "generate")


def file_of(family, name="connect_%s.jsonl"):
    return os.path.join(HERE, "..", "..", "tests", "golden", name % family)


FILE = file_of("api")


def cases_of(family):
    return importlib.import_module("cases_" + family).CASES


def load(path):
    """The head and {name: seen}."""
    if not os.path.exists(path):
        return {}, {}
    with open(path, encoding="ascii") as lines:
        head, *cases = map(json.loads, lines)
    return head, {case["name"]: case["seen"] for case in cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--family", default="api", choices=FAMILIES)
    parser.add_argument("--out")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    args.out = args.out or file_of(args.family)
    os.environ["TZ"] = "UTC"
    import pyspark

    head = {"spark": pyspark.__version__, "recorded_by": "tools/golden/record_api.py"}
    head["conf"] = connect_servers.SPARK_CONF
    kept = load(args.out)[1] if args.cases else {}
    with tempfile.TemporaryDirectory(prefix="weir-api-") as root:
        server = connect_servers.start_spark(root)
        try:
            for name, seen in run_api.run(server, root, args.cases, cases_of(args.family)):
                print(name, flush=True)
                kept[name] = json.loads(json.dumps(seen))
        finally:
            server.stop()
    with open(args.out, "w", encoding="ascii", newline="\n") as out:
        out.write(json.dumps(head, sort_keys=True) + "\n")
        for name, seen in kept.items():
            out.write(json.dumps({"name": name, "seen": seen}) + "\n")
    print("%s: %d cases" % (os.path.normpath(args.out), len(kept)))


if __name__ == "__main__":
    main()
