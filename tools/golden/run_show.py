# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Print tables with Dataset.show; record the text."""


def run(spark, cases):
    for case in cases:
        record = {"kind": "show", "name": case["name"]}
        for key in ("conf", "schema", "rows", "select", "numRows", "truncate", "vertical", "html"):
            if case.get(key) is not None:
                record[key] = case[key]
        spark.set_conf(case.get("conf"))
        try:
            data = spark.rows(case.get("schema"), case.get("rows") or ())
            if case.get("select"):
                data = data.selectExpr(spark.strings(case["select"]))
            record["columns"] = list(data.columns())
            if case.get("html"):
                record["text"] = data.htmlString(case.get("numRows", 20), case.get("truncate", 20))
                yield record
                continue
            record["text"] = data.showString(
                case.get("numRows", 20), case.get("truncate", 20), case.get("vertical", False)
            )
        except Exception as exc:
            record["error"] = spark.error(exc)
        yield record
