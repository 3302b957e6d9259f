# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Read CSV files with Spark; record columns, types and cells, or the error."""

import os
import shutil
import tempfile

from run_json_read import write_files


def run(spark, cases):
    for case in cases:
        record = {
            "kind": "csv_read",
            "name": case["name"],
            "files": case["files"],
            "options": case.get("options") or {},
        }
        for key in ("conf", "schema", "select"):
            if case.get(key) is not None:
                record[key] = case[key]
        spark.set_conf(case.get("conf"))
        directory = tempfile.mkdtemp(dir=spark.tmp)
        try:
            write_files(directory, case["files"])
            reader = spark.js.read()
            for key, value in record["options"].items():
                reader = reader.option(key, value)
            if case.get("schema") is not None:
                reader = reader.schema(case["schema"])
            data = reader.csv("file:" + directory)
            if case.get("select"):
                data = data.selectExpr(spark.strings(case["select"]))
            fields = data.schema()
            record["columns"] = list(data.columns())
            record["types"] = [fields.apply(i).dataType().sql() for i in range(fields.length())]
            record["rows"] = spark.cells(data)
        except Exception as exc:
            record["error"] = spark.error(
                exc, {"file://" + directory: "{DIR}", "file:" + directory: "{DIR}", directory: "{DIR}"}
            )
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        yield record
