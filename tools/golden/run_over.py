# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Run whole queries over the tables of cases_over.py: names and types of the columns, and the rows."""

import re

import cases_over


def run(spark, cases):
    for name, (schema, lines) in cases_over.TABLES.items():
        yield {"kind": "table", "name": name, "schema": schema, "rows": lines}
    for case in cases:
        spark.set_conf(case.get("conf"))
        for name, (schema, lines) in cases_over.TABLES.items():
            spark.rows(schema, lines).coalesce(1).createOrReplaceTempView(name)
        record = {"kind": "query", "name": case["name"], "sql": case["sql"]}
        if case.get("conf"):
            record["conf"] = case["conf"]
        if re.search(r"ORDER BY [^()]*$", case["sql"]):
            record["ordered"] = True
        try:
            data = spark.js.sql(case["sql"])
            fields = data.schema()
            record["columns"] = list(data.columns())
            record["types"] = [fields.apply(i).dataType().simpleString() for i in range(fields.length())]
            record["nullable"] = [fields.apply(i).nullable() for i in range(fields.length())]
            record["rows"] = spark.cells(data)
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
