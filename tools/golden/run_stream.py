# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Run streaming queries: JSON file source, console sink, one availableNow run for each list of new files.

`results` holds, for each run, the console text of each of its batches, exactly as written to standard output.
Files of one run get ascending modification times in the order given (the file source reads oldest first).
"""

import os
import re
import shutil
import tempfile
import time

from run_json_read import write_files


def split(text):
    """The console output of a run, cut before each batch's first line."""
    return [p for p in re.split(r"(?=^-{43}\nBatch: )", text, flags=re.M) if p]


def trigger(spark, spec):
    kinds = spark.jvm.org.apache.spark.sql.streaming.Trigger
    if spec and "processingTime" in spec:
        return kinds.ProcessingTime(spec["processingTime"])
    return kinds.Once() if spec else kinds.AvailableNow()


def run(spark, cases):
    for case in cases:
        record = {"kind": "stream", "name": case["name"], "ordered": " ORDER BY " in (case.get("sql") or "").upper()}
        for key in ("conf", "schema", "options", "watermark", "sql", "outputMode", "sinkOptions", "trigger", "batches"):
            if case.get(key) is not None:
                record[key] = case[key]
        directory = tempfile.mkdtemp(dir=spark.tmp)
        source = os.path.join(directory, "in")
        os.mkdir(source)
        stamp = int(time.time()) - 100000
        results, progress = [], []
        query = None
        try:
            spark.set_conf(case.get("conf"))
            for files in case["batches"]:
                if case.get("missing_path"):
                    os.rmdir(source)
                write_files(source, files)
                for item in files:
                    stamp += 10
                    os.utime(os.path.join(source, item["name"]), (stamp, stamp))
                offset = os.path.getsize(spark.stdout_path)
                reader = spark.js.readStream().format("json")
                for key, value in (case.get("options") or {}).items():
                    reader = reader.option(key, value)
                if case.get("schema") is not None:
                    reader = reader.schema(case["schema"])
                data = reader.load("file:" + source)
                if case.get("watermark"):
                    data = data.withWatermark(*case["watermark"])
                data.createOrReplaceTempView("input")
                writer = spark.js.sql(case["sql"]).writeStream().format("console").queryName("q")
                for key, value in (case.get("sinkOptions") or {}).items():
                    writer = writer.option(key, value)
                writer = writer.option("checkpointLocation", os.path.join(directory, "checkpoint"))
                if case.get("outputMode") is not None:
                    writer = writer.outputMode(case["outputMode"])
                query = writer.trigger(trigger(spark, case.get("trigger"))).start()
                if "processingTime" in (case.get("trigger") or {}):
                    query.processAllAvailable()
                    query.stop()
                query.awaitTermination()
                time.sleep(0.02)
                with open(spark.stdout_path, "rb") as out:
                    out.seek(offset)
                    results.append(split(out.read().decode("utf-8")))
                recent = query.recentProgress()
                progress.append([recent[i].numInputRows() for i in range(len(recent))])
            record["results"] = results
            record["inputRows"] = progress
        except Exception as exc:
            record["error"] = spark.error(exc, {"file:" + directory: "{DIR}", directory: "{DIR}"})
            if results:
                record["results"] = results
        finally:
            for running in spark.session.streams.active:
                running.stop()
            shutil.rmtree(directory, ignore_errors=True)
        yield record
