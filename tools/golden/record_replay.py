#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record the requests behind what cases_api.py prints: tests/golden/connect_replay.jsonl.

    python tools/golden/record_replay.py --weir build/debug/weir

The bytes are the stock client's, whatever server it talks to; the texts are Spark's, of connect_api.jsonl. So
tests/integration/it_connect_replay.py needs neither PySpark nor Java. Run record_api.py first."""

import argparse
import base64
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_api  # noqa: E402
import connect_servers  # noqa: E402
import record_api  # noqa: E402
import run_api  # noqa: E402

CASES = ("show forms", "create all types")
FILE = os.path.join(os.path.dirname(record_api.FILE), "connect_replay.jsonl")


class Recorder:
    """Stands in the place of the client's stub; keeps the last plan that is a show()."""

    def __init__(self, stub):
        self.stub, self.plan = stub, None

    def __getattr__(self, name):
        method = getattr(self.stub, name)
        if name != "ExecutePlan":
            return method

        def call(request, **arguments):
            if request.plan.root.HasField("show_string"):
                self.plan = request.plan.SerializeToString(deterministic=True)
            return method(request, **arguments)

        return call


class Stage(run_api.Stage):
    plans = None

    def printed(self, label, call):
        recorder = self.spark._client._stub
        recorder.plan = None
        super().printed(label, call)
        if recorder.plan is not None:
            self.plans[label] = recorder.plan


def main():
    from pyspark.sql import SparkSession

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weir", default="build/debug/weir")
    args = parser.parse_args()
    os.environ["TZ"] = "UTC"
    head, golden = record_api.load(record_api.FILE)
    lines = [{"spark": head["spark"], "recorded_by": "tools/golden/record_replay.py"}]
    with tempfile.TemporaryDirectory(prefix="weir-replay-") as root:
        server = connect_servers.start_weir(os.path.abspath(args.weir), root)
        for name in CASES:
            session = SparkSession.builder.remote(server.url).create()
            session._client._stub = Recorder(session._client._stub)
            stage = Stage(server, session, root)
            stage.plans = {}
            cases_api.CASES[name](stage)
            for label, plan in stage.plans.items():
                text = "\n".join(golden[name][label])
                plan = base64.b64encode(plan).decode("ascii")
                lines.append({"name": "%s: %s" % (name, label), "plan": plan, "text": text})
            session.stop()
        server.stop()
    with open(FILE, "w", encoding="ascii", newline="\n") as out:
        out.write("".join(json.dumps(line) + "\n" for line in lines))
    print("%d requests" % (len(lines) - 1))


if __name__ == "__main__":
    main()
