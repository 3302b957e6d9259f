#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What any Connect client of Spark 4 does, against the server at URL: run once for each client version by
check_connect_clients.py. Prints what failed; the status says whether anything did.

    connect_smoke.py URL
"""

import logging
import sys
import threading
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import pandas  # noqa: E402
import pyspark  # noqa: E402
from pyspark.errors import AnalysisException, ArithmeticException, ParseException, PySparkException  # noqa: E402
from pyspark.sql import Row  # noqa: E402
from pyspark.sql.connect import functions as F  # noqa: E402
from pyspark.sql.connect.session import SparkSession  # noqa: E402
from pyspark.sql.streaming.listener import StreamingQueryListener  # noqa: E402

WAIT_SECONDS = 20
FAILED = []
PASSED = []
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected}, got {actual}")


def wait_for(what, condition):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"no {what} after {WAIT_SECONDS} s")
        time.sleep(0.05)


def fails(kind, condition, function):
    try:
        function()
    except PySparkException as error:
        name = error.getErrorClass() if hasattr(error, "getErrorClass") else error.getCondition()
        equal((isinstance(error, kind), name), (True, condition))
        return error
    raise AssertionError(f"no {condition}")


@case
def session(spark):
    equal(spark.version, "4.3.0")
    spark.conf.set("some.key", "value")
    equal(spark.conf.get("some.key"), "value")
    spark.conf.unset("some.key")
    equal(spark.conf.get("some.key", "other"), "other")
    equal(spark.conf.get("spark.sql.shuffle.partitions"), "200")
    equal(spark.conf.isModifiable("spark.sql.ansi.enabled"), True)


@case
def local_rows(spark):
    rows = [(1, "a", 1.5, [1, 2], {"k": 1}), (2, None, None, None, None)]
    schema = "id INT, name STRING, value DOUBLE, list ARRAY<INT>, map MAP<STRING, INT>"
    frame = spark.createDataFrame(rows, schema)
    equal([tuple(row) for row in frame.collect()], rows)
    equal(spark.createDataFrame(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})).collect(),
          [Row(a=1, b="x"), Row(a=2, b="y")])
    equal(spark.createDataFrame([Row(a=1, b="x")]).collect(), [Row(a=1, b="x")])
    equal(spark.createDataFrame([], "a INT").collect(), [])
    large = spark.createDataFrame([(i, "x" * 100) for i in range(20000)], "id INT, name STRING")  # as an artifact
    equal((large.count(), large.agg(F.max("id")).collect()[0][0]), (20000, 19999))


@case
def frames(spark):
    frame = spark.range(1000).withColumn("even", F.col("id") % 2 == 0)
    equal(frame.filter("even").select((F.col("id") + 1).alias("next")).limit(2).collect(), [Row(next=1), Row(next=3)])
    equal(frame.groupBy("even").count().orderBy("even").collect(),
          [Row(even=False, count=500), Row(even=True, count=500)])
    equal((frame.count(), len(frame.collect()), len(frame.toPandas())), (1000, 1000, 1000))
    equal((frame.columns, frame.dtypes), (["id", "even"], [("id", "bigint"), ("even", "boolean")]))
    equal((frame.isLocal(), frame.isStreaming, frame.first().id, frame.head(2)[1].id), (False, False, 0, 1))
    equal(frame.drop("even").schema.simpleString(), "struct<id:bigint>")
    if hasattr(frame, "toArrow"):
        equal(frame.toArrow().num_rows, 1000)
    frame.show(2)
    frame.show(2, truncate=3, vertical=True)
    frame.printSchema()
    frame.explain()


@case
def many_rows(spark):
    table = spark.range(300000).select("id", F.lit("y" * 40).alias("text")).toPandas()
    equal((len(table), int(table["id"].sum())), (300000, 299999 * 150000))


@case
def sql(spark):
    equal(spark.sql("SELECT 1 AS a, 'x' AS b").collect(), [Row(a=1, b="x")])
    equal(spark.sql("SELECT :a + 1 AS a, :b AS b", args={"a": 3, "b": "t"}).collect(), [Row(a=4, b="t")])
    equal(spark.sql("SELECT ? AS a, ? AS b", args=[3, F.lit(4)]).collect(), [Row(a=3, b=4)])
    equal(spark.sql("SELECT * FROM {frame} WHERE id > {least}", frame=spark.range(3), least=1).collect(), [Row(id=2)])


@case
def views(spark):
    spark.range(3).createOrReplaceTempView("three")
    equal(spark.sql("SELECT count(*) AS c FROM three").collect(), [Row(c=3)])
    equal(spark.table("three").count(), 3)
    equal([table.name for table in spark.catalog.listTables()], ["three"])
    equal(spark.catalog.tableExists("three"), True)
    fails(AnalysisException, "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", lambda: spark.range(1).createTempView("three"))
    equal((spark.catalog.dropTempView("three"), spark.catalog.dropTempView("three")), (True, False))


@case
def errors(spark):
    fails(ArithmeticException, "DIVIDE_BY_ZERO", lambda: spark.sql("SELECT 1/0").collect())
    fails(ParseException, "PARSE_SYNTAX_ERROR", lambda: spark.sql("selec"))
    error = fails(AnalysisException, "TABLE_OR_VIEW_NOT_FOUND", lambda: spark.sql("SELECT * FROM nope").collect())
    equal((error.getSqlState(), error.getMessageParameters()["relationName"]), ("42P01", "`nope`"))
    equal([context.fragment() for context in error.getQueryContext()], ["nope"])
    fails(AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", lambda: spark.range(1).select("nope").schema)
    fails(AnalysisException, "CANNOT_MODIFY_STATIC_CONFIG", lambda: spark.conf.set("spark.sql.warehouse.dir", "x"))


def start(spark, sink, name):
    source = spark.readStream.format("rate").option("rowsPerSecond", 100).load()
    return source.writeStream.format(sink).queryName(name).trigger(processingTime="100 milliseconds").start()


@case
def streams(spark):
    query = start(spark, "memory", "numbers")
    equal((query.name, query.isActive, query.exception()), ("numbers", True, None))
    wait_for("rows", lambda: spark.sql("SELECT count(*) FROM numbers").collect()[0][0] > 0)
    equal(sorted(query.status), ["isDataAvailable", "isTriggerActive", "message"])
    progress = query.lastProgress
    equal((str(progress["id"]), progress["name"]), (str(query.id), "numbers"))
    equal(len(query.recentProgress) > 0, True)
    query.explain()
    equal([one.name for one in spark.streams.active], ["numbers"])
    equal(spark.streams.get(query.id).runId, query.runId)
    equal((query.awaitTermination(0.2), spark.streams.awaitAnyTermination(0.2)), (False, False))
    query.stop()
    equal((query.isActive, query.awaitTermination(5)), (False, True))
    spark.streams.resetTerminated()
    equal(spark.streams.active, [])


@case
def stream_that_fails(spark):
    source = spark.readStream.format("rate").option("rowsPerSecond", 100).load()
    query = source.select(F.expr("1 / (value - value)")).writeStream.format("noop").start()
    fails(PySparkException, "STREAM_FAILED", query.awaitTermination)
    equal("DIVIDE_BY_ZERO" in str(query.exception()), True)
    spark.streams.resetTerminated()


@case
def listener(spark):
    seen = []

    class Keeper(StreamingQueryListener):
        def onQueryStarted(self, event):
            seen.append("started " + event.name)

        def onQueryProgress(self, event):
            seen.append("progress " + event.progress.name)

        def onQueryIdle(self, event):
            pass

        def onQueryTerminated(self, event):
            seen.append(f"terminated {event.exception}")
    keeper = Keeper()
    spark.streams.addListener(keeper)
    query = start(spark, "noop", "heard")
    wait_for("progress", lambda: "progress heard" in seen)
    query.stop()
    wait_for("end", lambda: seen[-1] == "terminated None")
    equal(seen[0], "started heard")
    spark.streams.removeListener(keeper)


def interrupted(spark, interrupt):
    """A long query that `interrupt` (called until it finds it) ends."""
    caught = []

    def run():
        spark.addTag("long")
        try:
            spark.range(10 ** 12).agg(F.sum(F.col("id") % 7)).collect()
        except PySparkException as error:
            caught.append("OPERATION_CANCELED" in str(error))
    thread = threading.Thread(target=run)
    thread.start()
    found = []
    wait_for("operation", lambda: found.extend(interrupt()) or found)
    thread.join(WAIT_SECONDS)
    equal(caught, [True])


@case
def interrupts(spark):
    spark.addTag("mine")
    equal(spark.getTags(), {"mine"})
    spark.clearTags()
    equal(spark.getTags(), set())
    interrupted(spark, lambda: spark.interruptTag("long"))
    interrupted(spark, spark.interruptAll)
    equal(spark.interruptOperation("00000000-0000-0000-0000-000000000000"), [])


@case
def reattach(spark):
    """The server ends streams early, so nearly every response needs a reattach of its own."""
    spark.conf.set("spark.connect.execute.reattachable.senderMaxStreamDuration", "1s")
    spark.conf.set("spark.connect.execute.reattachable.senderMaxStreamSize", "123")
    stub, calls = spark._client._stub, []
    attach = stub.ReattachExecute
    stub.ReattachExecute = lambda *args, **kwargs: calls.append(1) or attach(*args, **kwargs)
    many_rows(spark)
    equal(len(calls) > 10, True)
    calls.clear()
    query = start(spark, "memory", "pieces")
    equal(query.awaitTermination(3), False)
    equal(len(calls) > 1, True)
    query.stop()
    stub.ReattachExecute = attach
    for key in "senderMaxStreamDuration", "senderMaxStreamSize":
        spark.conf.unset("spark.connect.execute.reattachable." + key)


def main():
    spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
    for function in CASES:
        try:
            function(spark)
            PASSED.append(function.__name__)
        except Exception as error:  # pylint: disable=broad-except
            FAILED.append(function.__name__)
            print(f"FAILED {pyspark.__version__} {function.__name__}: {type(error).__name__}: {str(error)[:800]}",
                  file=sys.stderr)
    spark.stop()
    print(f"client {pyspark.__version__}: {len(PASSED)} passed, {len(FAILED)} failed", file=sys.stderr)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
