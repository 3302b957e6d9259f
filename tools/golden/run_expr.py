# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Run expression cases.

A case without a schema gives `value`; one with `schema` and `rows` gives `values`, one a row. Where a row
raises, the rows are run one by one: the good ones stay together, each bad one becomes a record of its own.
`values` is shorter than `rows` where the expression drops rows: window() of NULL does.
"""

CHUNK = 12


def record_of(case):
    record = {"kind": "expr", "name": case["name"], "sql": case["sql"]}
    for key in ("conf", "schema", "rows"):
        if case.get(key) is not None:
            record[key] = case[key]
    return record


def answer(record, case, values):
    if case.get("schema") is None and len(values) == 1:
        record["value"] = values[0]
    else:
        record["values"] = values
    return record


def run_one(spark, case, record):
    """Run a case that has passed the analysis; yield one record or, with bad rows, several."""
    try:
        data = spark.rows(case.get("schema"), case.get("rows") or ())
        cells = spark.cells(data.selectExpr(spark.strings([case["sql"]])))
        yield answer(record, case, [c[0] for c in cells])
        return
    except Exception as exc:
        error = spark.error(exc)
    if case.get("schema") is None or len(case["rows"]) <= 1 or case.get("whole"):
        record["error"] = error
        yield record
        return
    good, values, bad = [], [], []
    for index, line in enumerate(case["rows"]):
        try:
            data = spark.rows(case["schema"], [line])
            cells = spark.cells(data.selectExpr(spark.strings([case["sql"]])))
            values += [c[0] for c in cells]
            good.append(line)
        except Exception as exc:
            bad.append(
                {**record, "name": "%s [%d]" % (record["name"], index), "rows": [line], "error": spark.error(exc)}
            )
    if good:
        yield {**record, "rows": good, "values": values}
    elif all(item["error"] == bad[0]["error"] for item in bad):
        record["error"] = bad[0]["error"]  # every row raises it
        yield record
        return
    for item in bad:
        yield item


def run(spark, cases):
    groups = {}
    for case in cases:
        key = (
            tuple(sorted((case.get("conf") or {}).items())),
            case.get("schema"),
            tuple(case.get("rows") or ()),
        )
        groups.setdefault(key, []).append(case)
    for (conf, schema, rows), members in groups.items():
        spark.set_conf(dict(conf))
        data = spark.rows(schema, rows)
        live = []
        for case in members:
            record = record_of(case)
            try:
                one = data.selectExpr(spark.strings([case["sql"]]))
                fields = one.schema()
                record["type"] = fields.head().dataType().simpleString()
                record["column"] = one.columns()[0]
                if fields.length() != 1:
                    record["columns"] = list(one.columns())
                    record["types"] = [fields.apply(i).dataType().simpleString() for i in range(fields.length())]
                    del record["column"], record["type"]
                    cells = spark.cells(one)
                    record["row_values"] = cells
                    yield record
                    continue
                live.append((case, record))
            except Exception as exc:
                record["error"] = spark.error(exc)
                if "rows" in record:
                    record["rows"] = ["{}"]  # the analysis does not see them
                yield record
        alone = [c for c in live if "window" in c[0]["sql"].lower() or "explode" in c[0]["sql"] or c[0].get("whole")]
        for case, record in alone:
            yield from run_one(spark, case, record)
        live = [c for c in live if c not in alone]
        for start in range(0, len(live), CHUNK):
            part = live[start : start + CHUNK]
            try:
                cells = spark.cells(data.selectExpr(spark.strings([c["sql"] for c, _ in part])))
                if len(cells) != (1 if schema is None else len(rows)):
                    raise ValueError("a generator or a window is among them: it takes away or adds rows")
            except Exception:
                for case, record in part:
                    yield from run_one(spark, case, record)
                continue
            for index, (case, record) in enumerate(part):
                yield answer(record, case, [row[index] for row in cells])
