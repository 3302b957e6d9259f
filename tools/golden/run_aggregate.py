# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Run queries over the view `input`, which the cases without SQL define: the schema's tree and the table that show()
prints."""


def run(spark, cases):
    inputs = {}
    for case in cases:
        if "sql" not in case:
            inputs[case["name"]] = case
            yield {"kind": "input", **case}
            continue
        record = {"kind": "query", "name": case["name"], "input": case["input"], "sql": case["sql"]}
        if case.get("conf"):
            record["conf"] = case["conf"]
        spark.set_conf(case.get("conf"))
        try:
            source = inputs[case["input"]]
            spark.rows(source["schema"], source["rows"]).createOrReplaceTempView("input")
            data = spark.js.sql(case["sql"])
            record["tree"] = data.schema().treeString()
            record["text"] = data.showString(10000, 0, False)
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
