# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Write rows with df.write.csv and record the text of the one part file."""

import base64
import glob
import gzip
import os
import shutil
import tempfile


def run(spark, cases):
    for case in cases:
        record = {"kind": "csv_write", "name": case["name"], "options": case.get("options") or {}}
        for key in ("conf", "schema", "rows", "select"):
            if case.get(key) is not None:
                record[key] = case[key]
        spark.set_conf(case.get("conf"))
        directory = tempfile.mkdtemp(dir=spark.tmp)
        target = os.path.join(directory, "out")
        try:
            data = spark.rows(case.get("schema"), case.get("rows") or ())
            if case.get("select"):
                data = data.selectExpr(spark.strings(case["select"]))
            data = data.coalesce(1)
            fields = data.schema()
            record["columns"] = list(data.columns())
            record["types"] = [fields.apply(i).dataType().sql() for i in range(fields.length())]
            writer = data.write()
            for key, value in record["options"].items():
                writer = writer.option(key, value)
            writer.csv("file:" + target)
            parts = sorted(glob.glob(os.path.join(target, "part-*")))
            if len(parts) != 1:
                record["parts"] = len(parts)
            blob = b""
            for part in parts:
                with open(part, "rb") as source:
                    data = source.read()
                blob += gzip.decompress(data) if part.endswith(".gz") else data
                record["suffix"] = os.path.basename(part).split(".", 1)[1]
            try:
                record["text"] = blob.decode("utf-8")
            except UnicodeDecodeError:
                record["b64"] = base64.b64encode(blob).decode()
        except Exception as exc:
            record["error"] = spark.error(exc, {"file:" + directory: "{DIR}", directory: "{DIR}"})
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        yield record
