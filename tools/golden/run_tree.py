# Licensed under the Apache License, Version 2.0; see LICENSE.
"""StructType.treeString of schemas, with levels."""


def run(spark, cases):
    for case in cases:
        spark.set_conf({"spark.sql.timeType.enabled": "true"})
        record = {"kind": "tree", "name": case["ddl"]}
        try:
            schema = spark.jvm.org.apache.spark.sql.types.StructType.fromDDL(case["ddl"])
            record["json"] = schema.json()
            record["trees"] = [
                {"level": level, "text": schema.treeString() if level is None else schema.treeString(level)}
                for level in case["levels"]
            ]
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
