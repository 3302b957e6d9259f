#!/usr/bin/env python3
"""Counts actions by hour, first as a batch, then as a stream, with SQL on the running table.

    python hourly_counts.py DIRECTORY [REMOTE]

DIRECTORY holds files of lines like {"time":1469501107,"action":"Open"} (`weir gen events` makes them); the server
must see it under the same path. REMOTE is a Spark Connect server, sc://localhost:15002 unless given: Weir's
(`weir driver --master 'local[2]' --connect 127.0.0.1:15002`) or Spark's own. The script is the same for both."""

import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql.functions import count, window

SCHEMA = "time TIMESTAMP, action STRING"
SNAPSHOT = """
    SELECT action, date_format(window.end, 'MMM-dd HH:mm') AS time, count
    FROM counts ORDER BY window.end, action
"""


def count_by_hour(events):
    return events.groupBy("action", window("time", "1 hour")).agg(count("*").alias("count"))


def as_dict(rows):
    return {(row.action, row.window.start): row["count"] for row in rows}


def watch(spark, query, files):
    """Asks the table while the stream fills it, until all files are in it. Each micro-batch is one file and each
    file has as many events as the first, so a table that holds whole batches has a multiple of that."""
    seen = []
    while query.isActive and not (seen and seen[-1] == files.total):
        total = spark.sql("SELECT coalesce(sum(count), 0) AS total FROM counts").first().total
        assert total in files.sums, f"{total} events are not a whole number of files: {files.sums}"
        assert not seen or total >= seen[-1], f"the table went from {seen[-1]} back to {total}"
        if not seen or total > seen[-1]:
            seen.append(total)
        time.sleep(0.01)
    return seen


class Files:
    """How many events the table may hold: those of the first 0, 1, 2, ... files in the order of the stream."""

    def __init__(self, spark, directory):
        paths = spark.read.schema(SCHEMA).json(directory).inputFiles()
        sizes = {spark.read.schema(SCHEMA).json(path).count() for path in paths}
        assert len(sizes) == 1, f"the files have different numbers of events: {sorted(sizes)}"
        size = sizes.pop()
        self.sums = [size * count for count in range(len(paths) + 1)]
        self.total = self.sums[-1]


def main(directory, remote="sc://localhost:15002"):
    spark = SparkSession.builder.remote(remote).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "America/Chicago")
    spark.conf.set("spark.sql.shuffle.partitions", 2)

    # The batch: all files at once.
    batch = spark.read.schema(SCHEMA).json(directory)
    batch.printSchema()
    expected = as_dict(count_by_hour(batch).collect())
    batch.groupBy("action").count().orderBy("action").show()

    # The stream: the same query, a file a micro-batch, into a table in the server's memory.
    events = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(directory)
    assert events.isStreaming
    query = count_by_hour(events).writeStream.format("memory").queryName("counts").outputMode("complete").start()
    try:
        seen = watch(spark, query, Files(spark, directory))
        query.processAllAvailable()
        spark.sql(SNAPSHOT).show(6, truncate=False)
        actual = as_dict(spark.table("counts").collect())
        assert actual == expected, "the stream and the batch differ"
        assert query.exception() is None
    finally:
        query.stop()
    print(f"the same {len(expected)} counts in batch and stream")
    print(f"tables seen while it ran: {len(seen)}", file=sys.stderr)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
