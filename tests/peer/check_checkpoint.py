#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Let a real Spark's own classes read a checkpoint directory; print what they understood as one JSON object.

    python tests/peer/check_checkpoint.py CHECKPOINT
    python tests/peer/check_checkpoint.py CHECKPOINT --resume --source DIR --schema DDL --sql SQL --sink DIR

The first form reads metadata, offsets/*, commits/* and sources/*/*; anything Spark cannot read is an error. The
second starts Spark's own query on the checkpoint (stateless queries: the state store's files are not Spark's),
reading SOURCE as the view `events` and writing JSON to SINK, and prints which batches it ran.
"""

import argparse
import json
import os
import sys

import peer_spark


def numbers(directory):
    if not os.path.isdir(directory):
        return []
    names = (n.split(".")[0] for n in os.listdir(directory) if not n.startswith("."))
    return sorted({int(n) for n in names if n.isdigit()})


def url(path):
    return "file:" + os.path.abspath(path)


def inspect(spark, checkpoint):
    streaming = spark.jvm.org.apache.spark.sql.execution.streaming
    out = {"offsets": {}, "commits": {}, "sources": {}}
    hadoop = spark.session.sparkContext._jsc.hadoopConfiguration()
    path = spark.jvm.org.apache.hadoop.fs.Path(url(os.path.join(checkpoint, "metadata")))
    found = streaming.runtime.StreamMetadata.read(path, hadoop)
    if not found.isDefined():
        raise ValueError("no metadata file")
    out["id"] = found.get().id()
    log = streaming.checkpointing.OffsetSeqLog(spark.js, url(os.path.join(checkpoint, "offsets")), False)
    for batch in numbers(os.path.join(checkpoint, "offsets")):
        entry = log.get(batch).get()
        offsets = entry.offsets()
        metadata = entry.metadataOpt().get()
        out["offsets"][batch] = {
            "offsets": [
                json.loads(offsets.apply(i).get().json()) if offsets.apply(i).isDefined() else None
                for i in range(offsets.size())
            ],
            "batchWatermarkMs": metadata.batchWatermarkMs(),
            "batchTimestampMs": metadata.batchTimestampMs(),
            "shufflePartitions": metadata.conf().get("spark.sql.shuffle.partitions").get(),
        }
    log = streaming.checkpointing.CommitLog(spark.js, url(os.path.join(checkpoint, "commits")), False)
    for batch in numbers(os.path.join(checkpoint, "commits")):
        out["commits"][batch] = {"nextBatchWatermarkMs": log.get(batch).get().nextBatchWatermarkMs()}
    sources = os.path.join(checkpoint, "sources")
    for name in sorted(os.listdir(sources)) if os.path.isdir(sources) else []:
        log = streaming.runtime.FileStreamSourceLog(1, spark.js, url(os.path.join(sources, name)))
        entries = log.restore()
        out["sources"][name] = [
            {"path": e.path(), "timestamp": e.timestamp(), "batchId": e.batchId()}
            for e in (entries[i] for i in range(len(entries)))
        ]
    return out


def resume(spark, checkpoint, source, schema, sql, sink, options=None):
    """Run Spark's own query on the checkpoint until nothing is left; what it did."""
    spark.session.readStream.schema(schema).options(**(options or {})).json(url(source)).createOrReplaceTempView(
        "events"
    )
    query = (
        spark.session.sql(sql)
        .writeStream.format("json")
        .option("checkpointLocation", url(checkpoint))
        .trigger(availableNow=True)
        .start(url(sink))
    )
    query.awaitTermination()
    ran = [p for p in query.recentProgress if p["numInputRows"]]
    return {"id": query.id, "batches": [p["batchId"] for p in ran], "inputRows": [p["numInputRows"] for p in ran]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--resume", action="store_true")
    for name in ("source", "schema", "sql", "sink"):
        parser.add_argument("--" + name)
    args = parser.parse_args()
    if args.resume and not (args.source and args.schema and args.sql and args.sink):
        parser.error("--resume needs --source, --schema, --sql and --sink")
    spark = peer_spark.Spark()
    try:
        result = inspect(spark, args.checkpoint)
        if args.resume:
            result["resumed"] = resume(spark, args.checkpoint, args.source, args.schema, args.sql, args.sink)
        print(json.dumps(result, indent=1, sort_keys=True))
    except Exception as exc:
        try:
            print(json.dumps(spark.error(exc), indent=1, sort_keys=True), file=sys.stderr)
        except Exception:
            print(exc, file=sys.stderr)
        sys.exit(1)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
