# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Parse schemas with Spark: DDL text to JSON text, JSON text back to DDL."""


def run(spark, cases):
    types = spark.jvm.org.apache.spark.sql.types
    for case in cases:
        record = {"kind": "ddl", "name": case.get("ddl", case.get("json"))}
        spark.set_conf(case.get("conf"))
        if case.get("conf"):
            record["conf"] = case["conf"]
        try:
            if "ddl" in case:
                record["ddl"] = case["ddl"]
                got = types.StructType.fromDDL(case["ddl"])
            else:
                record["input_json"] = case["json"]
                got = types.DataType.fromJson(case["json"])
            record["json"] = got.json()
            record["simple"] = got.simpleString()
            record["catalog"] = got.catalogString()
            record["sql"] = got.sql()
            if hasattr(got, "toDDL"):
                try:
                    record["to_ddl"] = got.toDDL()
                except Exception:
                    pass
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
