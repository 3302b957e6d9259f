#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record what a real Spark leaves on disk: checkpoint directories, a sink's _spark_metadata, progress JSON.

    python tools/golden/record_checkpoint.py [--out tests/golden/spark_checkpoint]

Only text is kept (state/ is not). Directories become {DIR}; run ids and times stay as Spark wrote them.
"""

import argparse
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from sparkside import Spark  # noqa: E402

CONF = {
    "spark.sql.streaming.fileSource.log.compactInterval": "3",
    "spark.sql.streaming.fileSink.log.compactInterval": "3",
    "spark.sql.session.timeZone": "America/Chicago",
    "spark.sql.shuffle.partitions": "2",
}


def copy(source, target, hide):
    for folder, _, names in os.walk(source):
        if os.path.relpath(folder, source).split(os.sep)[0] == "state":
            continue
        for name in names:
            if name.endswith(".crc"):
                continue
            path = os.path.join(folder, name)
            try:
                with open(path, encoding="utf-8", newline="") as text:
                    data = text.read()
            except UnicodeDecodeError:
                continue
            for word, mark in hide:
                data = data.replace(word, mark)
            out = os.path.join(target, os.path.relpath(path, source))
            os.makedirs(os.path.dirname(out), exist_ok=True)
            with open(out, "w", encoding="utf-8", newline="") as text:
                text.write(data)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=os.path.join(here, "..", "..", "tests", "golden", "spark_checkpoint"))
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    spark = Spark()
    spark.set_conf(CONF)
    base = os.path.join(spark.tmp, "run")
    source = os.path.join(base, "in")
    os.makedirs(source)
    for number in range(5):
        path = os.path.join(source, "events-%d.json" % number)
        with open(path, "w", encoding="ascii") as out:
            for i in range(10):
                out.write(
                    '{"time":%d,"action":"%s"}\n'
                    % (1469501107 + 1000 * number + 40 * i, "Open" if i % 3 else "Close")
                )
        os.utime(path, (1469500000 + number, 1469500000 + number))
    odd = os.path.join(base, "odd")
    os.makedirs(odd)
    for number, (name, action) in enumerate(
        [
            ("a b.json", "x y"),
            ("c%20d.json", "a/b"),
            ("\u00e9.json", "\u00e9"),
            ("p+q&r=s.json", "k=v"),
            ("h#i;j,k.json", "100%"),
            ("q'r\"s.json", ""),
        ]
    ):
        path = os.path.join(odd, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(json.dumps({"time": 1469501107 + number, "action": action}) + "\n{\"time\":5}\n")
        os.utime(path, (1469500000 + number, 1469500000 + number))
    empty = os.path.join(base, "empty")
    os.makedirs(empty)
    hide = [("file://" + base, "file://{DIR}"), (base, "{DIR}")]

    def stream(directory):
        reader = spark.session.readStream.schema("time TIMESTAMP, action STRING").option("maxFilesPerTrigger", 1)
        data = reader.json(directory)
        data.createOrReplaceTempView("input")
        return data

    jobs = {
        "windowed_complete": (
            "SELECT action, window(time, '1 hour') AS window, count(*) AS count FROM input "
            "GROUP BY action, window(time, '1 hour')",
            "complete",
            "console",
            None,
        ),
        "filter_append": ("SELECT time, action FROM input WHERE action = 'Open'", "append", "json", None),
        "windowed_watermark_update": (
            "SELECT action, window(time, '10 minutes') AS window, count(*) AS count FROM input "
            "GROUP BY action, window(time, '10 minutes')",
            "update",
            "console",
            ("time", "5 minutes"),
        ),
        "partitioned_append": ("SELECT time, action FROM input", "append", "json", None),
        "partitioned_odd_names": ("SELECT time, action FROM input", "append", "json", None),
        "union_of_two": ("SELECT * FROM input UNION ALL SELECT * FROM second", "append", "console", None),
    }
    for name, (sql, mode, sink, watermark) in jobs.items():
        checkpoint = os.path.join(base, name, "checkpoint")
        output = os.path.join(base, name, "output")
        data = stream(empty if name == "union_of_two" else source)
        data.createOrReplaceTempView("second")
        data = stream(odd if "odd" in name else source)
        if watermark:
            data.withWatermark(*watermark).createOrReplaceTempView("input")
        writer = spark.session.sql(sql).writeStream.format(sink).outputMode(mode).queryName(name)
        writer = writer.option("checkpointLocation", checkpoint)
        if name.startswith("partitioned"):
            writer = writer.partitionBy("action")
        query = writer.trigger(availableNow=True)
        query = query.start(output) if sink == "json" else query.start()
        query.awaitTermination()
        target = os.path.join(args.out, name)
        copy(checkpoint, os.path.join(target, "checkpoint"), hide)
        if sink == "json":
            copy(output, os.path.join(target, "output"), hide)
        java = query._jsq.recentProgress()
        with open(os.path.join(target, "progress.jsonl"), "w", encoding="utf-8") as out:
            for index in range(len(java)):
                text = java[index].json()
                for word, mark in hide:
                    text = text.replace(word, mark)
                out.write(text + "\n")
        with open(os.path.join(target, "progress-pretty.json"), "w", encoding="utf-8") as out:
            text = java[len(java) - 1].prettyJson()
            for word, mark in hide:
                text = text.replace(word, mark)
            out.write(text + "\n")
        with open(os.path.join(target, "job.json"), "w", encoding="utf-8") as out:
            json.dump(
                {
                    "sql": sql,
                    "outputMode": mode,
                    "sink": sink,
                    "watermark": watermark,
                    "conf": CONF,
                    "options": {"maxFilesPerTrigger": 1},
                    "schema": "time TIMESTAMP, action STRING",
                },
                out,
                indent=1,
                sort_keys=True,
            )
            out.write("\n")
    copy(source, os.path.join(args.out, "in"), hide)
    copy(odd, os.path.join(args.out, "odd"), hide)
    spark.stop()


if __name__ == "__main__":
    main()
