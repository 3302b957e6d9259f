# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Ask Spark for the schema of JSON files."""

import os
import tempfile


def run(spark, cases):
    for case in cases:
        record = {"kind": "json_infer", **case}
        directory = tempfile.mkdtemp(dir=spark.tmp)
        with open(os.path.join(directory, "f.json"), "w", encoding="utf-8", newline="\n") as out:
            out.write("\n".join(case["lines"]) + "\n")
        try:
            record["schema"] = spark.session.read.options(**case["options"]).json(directory).schema.json()
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
