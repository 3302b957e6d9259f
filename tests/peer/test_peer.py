#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Weir beside a real Spark: the same jobs on the same files, each side reading what the other wrote.

    python tests/peer/test_peer.py [--weir build/release/weir]

Without a binary only the checks themselves are proved, on files that Spark wrote.
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

import check_arrow
import check_checkpoint
import check_sink
import peer_spark

SCHEMA = "time TIMESTAMP, action STRING"
FILTER = "SELECT time, action, unix_timestamp(time) AS t FROM events WHERE action = 'Open'"
WINDOWED = (
    "SELECT action, window(time, '1 hour') AS window, count(*) AS count "
    "FROM events GROUP BY action, window(time, '1 hour')"
)
ZONE = {"spark.sql.session.timeZone": "America/Chicago"}
SMALL_LOGS = {
    "spark.sql.streaming.fileSource.log.compactInterval": "3",
    "spark.sql.streaming.fileSink.log.compactInterval": "3",
}


def events(directory, first, count, rows=200):
    os.makedirs(directory, exist_ok=True)
    for number in range(first, first + count):
        path = os.path.join(directory, "events-%03d.json" % number)
        chance = random.Random(number)
        with open(path, "w", encoding="utf-8") as out:
            for _ in range(rows):
                kind = chance.random()
                second = 1469501107 + number * 1800 + chance.randrange(5400)
                if kind < 0.90:
                    out.write('{"time":%d,"action":"%s"}\n' % (second, chance.choice(["Open", "Close"])))
                elif kind < 0.93:
                    out.write('{ "action" : "Op\\u0065n" , "extra" : [1, {"x": null}], "time" : %d }\n' % second)
                elif kind < 0.95:
                    out.write('{"time":"2016-07-26T02:%02d:07Z","action":null}\n' % chance.randrange(60))
                elif kind < 0.97:
                    out.write('{"action":"Open"}\n\n')
                else:
                    out.write('{"time":%d,"action":"Open"\n' % second)
        os.utime(path, (1469500000 + number, 1469500000 + number))


def console_tables(text):
    parts = re.split(r"(?m)^-{43}\nBatch: (\d+)\n-{43}\n", text)[1:]
    out = []
    for batch, table in zip(parts[::2], parts[1::2]):
        lines = table.rstrip("\n").split("\n")
        body = sorted(line for line in lines if line.startswith("|"))
        out.append((int(batch), lines[0], body))
    return out


class Checks:
    def __init__(self, spark, weir, scratch):
        self.spark, self.weir, self.scratch = spark, weir, scratch

    def weir_test_arrow_streams_beside_pyarrow(self):
        program = os.path.join(os.path.dirname(self.weir), "bench", "arrow_ipc")
        assert os.access(program, os.X_OK), "no %s: build it with -DWEIR_BENCH=ON" % program
        check_arrow.check(program)

    def weir_run(self, name, source, sql, mode, sink, conf, per_trigger=1):
        base = os.path.join(self.scratch, name)
        os.makedirs(base, exist_ok=True)
        job = {
            "name": name,
            "conf": {**ZONE, "spark.sql.shuffle.partitions": 2, **conf},
            "sources": {
                "events": {
                    "format": "json",
                    "schema": SCHEMA,
                    "options": {"path": source, "maxFilesPerTrigger": per_trigger},
                }
            },
            "queries": [
                {
                    "name": name,
                    "sql": sql,
                    "outputMode": mode,
                    "trigger": {"availableNow": True},
                    "sink": sink,
                    "checkpointLocation": os.path.join(base, "checkpoint"),
                }
            ],
        }
        path = os.path.join(base, "job.yaml")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(job, out)
        done = subprocess.run(
            [self.weir, "run", path, "--master", "local[2]"], capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, "weir: status %d\n%s" % (done.returncode, done.stderr[-3000:])
        return done.stdout

    def spark_run(self, name, source, sql, mode, conf, sink=None, per_trigger=1):
        self.spark.set_conf({**ZONE, "spark.sql.shuffle.partitions": "2", **conf})
        base = os.path.join(self.scratch, name)
        offset = os.path.getsize(self.spark.stdout_path)
        reader = self.spark.session.readStream.schema(SCHEMA).option("maxFilesPerTrigger", per_trigger)
        reader.json("file:" + source).createOrReplaceTempView("events")
        writer = self.spark.session.sql(sql).writeStream.outputMode(mode)
        writer = writer.option("checkpointLocation", os.path.join(base, "checkpoint")).trigger(availableNow=True)
        if sink:
            query = writer.format("json").start(sink)
        else:
            query = writer.format("console").option("numRows", 10000).option("truncate", "false").start()
        query.awaitTermination()
        with open(self.spark.stdout_path, "rb") as out:
            out.seek(offset)
            return out.read().decode("utf-8")

    def sink_equals(self, sink, source, sql):
        """A Spark reader of the sink sees exactly what a Spark batch query gives."""
        self.spark.session.read.schema(SCHEMA).json("file:" + source).createOrReplaceTempView("events")
        frame = self.spark.session.sql(sql)
        want = collections.Counter(row[0] for row in frame.selectExpr("to_json(struct(*))").collect())
        schema = ", ".join("`%s` %s" % (f.name, f.dataType.simpleString()) for f in frame.schema.fields)
        got = collections.Counter(check_sink.sink_rows(self.spark, sink, schema))
        assert got == want, "missing %s\nforeign or doubled %s" % (
            list((want - got).items())[:5],
            list((got - want).items())[:5],
        )
        assert sum(want.values()) > 100

    def checkpoint_is_whole(self, checkpoint, files):
        seen = check_checkpoint.inspect(self.spark, checkpoint)
        assert sorted(seen["offsets"]) == list(range(files)), sorted(seen["offsets"])
        assert sorted(seen["commits"]) == list(range(files)), sorted(seen["commits"])
        assert [seen["offsets"][i]["offsets"] for i in range(files)] == [[{"logOffset": i}] for i in range(files)]
        log = seen["sources"]["0"]
        assert [e["batchId"] for e in log] == list(range(files)), log
        assert [os.path.basename(e["path"]) for e in log] == ["events-%03d.json" % i for i in range(files)], log
        return seen["id"]

    # ------------------------------------------------------------ the checks proved on Spark's own files
    def test_checks_on_sparks_files(self):
        source, sink = os.path.join(self.scratch, "self-in"), os.path.join(self.scratch, "self-out")
        events(source, 0, 7)
        self.spark_run("self", source, FILTER, "append", SMALL_LOGS, sink)
        self.sink_equals(sink, source, FILTER)
        checkpoint = os.path.join(self.scratch, "self", "checkpoint")
        query = self.checkpoint_is_whole(checkpoint, 7)
        stray = os.path.join(sink, "part-00000-stray.json")
        with open(stray, "w", encoding="utf-8") as out:
            out.write('{"action":"foreign"}\n')
        self.sink_equals(sink, source, FILTER)  # a file that was not committed is not seen
        events(source, 7, 1)
        done = check_checkpoint.resume(self.spark, checkpoint, source, SCHEMA, FILTER, sink)
        assert (done["id"], done["batches"]) == (query, [7]), done
        with open(os.path.join(checkpoint, "offsets", "7"), "r+", encoding="utf-8") as out:
            out.truncate(20)
        try:
            check_checkpoint.inspect(self.spark, checkpoint)
        except Exception:
            return
        raise AssertionError("a truncated offset file was read")

    # ------------------------------------------------------------ Weir's files before Spark
    def weir_test_console(self):
        source = os.path.join(self.scratch, "console-in")
        events(source, 0, 6)
        for mode in ("complete", "update"):
            sink = {"format": "console", "options": {"numRows": 10000, "truncate": False}}
            mine = self.weir_run("weir-" + mode, source, WINDOWED, mode, sink, {})
            theirs = self.spark_run("spark-" + mode, source, WINDOWED, mode, {})
            assert console_tables(mine) == console_tables(theirs), "%s\n---- Spark:\n%s" % (
                mine[:3000],
                theirs[:3000],
            )

    def weir_test_sink_and_checkpoint(self):
        source, sink = os.path.join(self.scratch, "files-in"), os.path.join(self.scratch, "files-out")
        events(source, 0, 7)
        self.weir_run("files", source, FILTER, "append", {"format": "json", "options": {"path": sink}}, SMALL_LOGS)
        self.spark.set_conf({**ZONE, **SMALL_LOGS})
        self.sink_equals(sink, source, FILTER)
        checkpoint = os.path.join(self.scratch, "files", "checkpoint")
        query = self.checkpoint_is_whole(checkpoint, 7)
        events(source, 7, 1)  # a new file: Spark goes on where Weir stopped, and then Weir where Spark stopped
        done = check_checkpoint.resume(
            self.spark, checkpoint, source, SCHEMA, FILTER, sink, {"maxFilesPerTrigger": "1"}
        )
        assert (done["id"], done["batches"]) == (query, [7]), done
        self.sink_equals(sink, source, FILTER)
        events(source, 8, 1)
        self.weir_run("files", source, FILTER, "append", {"format": "json", "options": {"path": sink}}, SMALL_LOGS)
        self.sink_equals(sink, source, FILTER)
        assert self.checkpoint_is_whole(checkpoint, 9) == query


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weir", default="build/release/weir")
    args = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="weir-peer-")
    weir = os.path.abspath(args.weir) if os.access(args.weir, os.X_OK) else None
    checks = Checks(peer_spark.Spark(), weir, scratch)
    names = [n for n in dir(Checks) if n.startswith("test_") or (weir and n.startswith("weir_test_"))]
    if not weir:
        print("no %s: only the checks themselves are proved" % args.weir)
    failed = 0
    for name in names:
        try:
            getattr(checks, name)()
            print("ok   %s" % name, flush=True)
        except Exception:
            failed += 1
            print("FAIL %s\n%s" % (name, traceback.format_exc()[-4000:]), flush=True)
    checks.spark.stop()
    shutil.rmtree(scratch, ignore_errors=True)
    print("%d passed, %d failed" % (len(names) - failed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
