#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Time Weir's Connect server beside Spark's own, with the same PySpark client; write a markdown table.

    python bench/connect.py --weir build/release/weir [--out bench/CONNECT.md] [--runs 5] [--rows 10000000]

One run starts each server once; medians of --runs. The server's own share of a round trip is measured with requests
that are made beforehand and answers that are not looked into, over a plain gRPC channel: the rest is the client's.
Needs the environment of tests/peer/make_venv.sh and Java 17."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools", "golden"))

import connect_servers  # noqa: E402

SHOW_RUNS = 200
SESSIONS = 50
FIRST = """
import sys, time
began = time.monotonic()
import pyspark.sql, pyspark.sql.connect.session, pandas, pyarrow, grpc
imported = time.monotonic()
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
assert spark.range(5).count() == 5
print(time.monotonic() - imported, imported - began)
"""


def median_ms(seconds):
    return statistics.median(seconds) * 1000


def timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def connect(server):
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(server.url).create()


def raw_show(server, session):
    """Seconds of ExecutePlan of range(5).show() without a client around it."""
    import grpc
    from pyspark.sql.connect.proto import base_pb2

    client = session._client
    request = client._execute_plan_request_with_metadata()
    session.range(5)._plan  # pylint: disable=expression-not-assigned
    from pyspark.sql.connect import plan as plans

    shown = plans.ShowString(child=session.range(5)._plan, num_rows=20, truncate=20, vertical=False)
    request.plan.CopyFrom(shown.to_proto(client))
    channel = grpc.insecure_channel(server.url[len("sc://"):])
    call = channel.unary_stream("/spark.connect.SparkConnectService/ExecutePlan")
    seconds = []
    for _ in range(SHOW_RUNS):
        request.operation_id = str(uuid.uuid4())
        body = request.SerializeToString()
        began = time.perf_counter()
        answers = list(call(body))
        seconds.append(time.perf_counter() - began)
        assert any(base_pb2.ExecutePlanResponse.FromString(a).HasField("arrow_batch") for a in answers)
    channel.close()
    return seconds[SHOW_RUNS // 4:]


def run_show(session):
    seconds = [timed(lambda: session.range(5)._show_string()) for _ in range(SHOW_RUNS)]
    return seconds[SHOW_RUNS // 4:]


def run_arrow(session, rows, runs):
    def once():
        assert session.range(rows).toArrow().num_rows == rows

    return [timed(once) for _ in range(runs + 1)][1:]


def run_first(server, runs):
    """Seconds from the end of the client's imports to its first result, in a process of its own."""
    out = []
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", FIRST, server.url], capture_output=True, text=True, check=True)
        out.append(float(done.stdout.split()[0]))
    return out


def run_sessions(server):
    """Resident bytes with SESSIONS sessions, each with a running stream."""
    sessions = [connect(server) for _ in range(SESSIONS)]
    queries = []
    for session in sessions:
        rate = session.readStream.format("rate").option("rowsPerSecond", 10).load()
        queries.append(rate.writeStream.format("memory").queryName("r").trigger(processingTime="1 second").start())
    time.sleep(3)
    used = server.rss()
    for query in queries:
        query.stop()
    for session in sessions:
        session.stop()
    return used


def measure(start, rows, runs, many):
    found = {}
    starts = []
    for _ in range(runs if many else 1):
        server = start()
        starts.append(server.start_seconds)
        if len(starts) < (runs if many else 1):
            server.stop()
    found["server start to open port, ms"] = median_ms(starts)
    time.sleep(1)
    found["idle driver, MB"] = server.rss() / 1e6
    session = connect(server)
    found["range(5).show(), server's own share, ms"] = median_ms(raw_show(server, session))
    found["range(5).show(), with the client, ms"] = median_ms(run_show(session))
    found["toArrow of %d rows, ms" % rows] = median_ms(run_arrow(session, rows, runs))
    found["first result after the client's imports, ms"] = median_ms(run_first(server, runs))
    session.stop()
    if many:
        found["%d sessions with a running stream each, MB" % SESSIONS] = run_sessions(server) / 1e6
    server.stop()
    return found


def write(path, weir, spark, runs):
    lines = [
        "# Spark Connect: Weir beside Spark",
        "",
        "Written by bench/connect.py: both servers local[2], the same PySpark client, medians of %d (of %d for show)."
        % (runs, SHOW_RUNS * 3 // 4),
        "",
        "| what | Weir | Spark |",
        "|---|---|---|",
    ]
    for name, value in weir.items():
        other = spark.get(name)
        lines.append("| %s | %.2f | %s |" % (name, value, "-" if other is None else "%.2f" % other))
    text = "\n".join(lines) + "\n"
    print(text)
    if path:
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weir", default="build/release/weir")
    parser.add_argument("--out")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10000000)
    parser.add_argument("--no-spark", action="store_true")
    args = parser.parse_args()
    weir = os.path.abspath(args.weir)
    with tempfile.TemporaryDirectory(prefix="weir-bench-connect-") as root:
        ours = measure(lambda: connect_servers.start_weir(weir, root), args.rows, args.runs, True)
        theirs = {}
        if not args.no_spark:
            theirs = measure(lambda: connect_servers.start_spark(root), args.rows, args.runs, False)
    write(args.out, ours, theirs, args.runs)


if __name__ == "__main__":
    main()
