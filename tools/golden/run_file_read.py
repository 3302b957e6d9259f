# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Read trees of files with Spark; record columns, types and sorted cells, or the error."""

import os
import shutil
import tempfile

OLD = 1433160000  # 2015-06-01T12:00:00Z


def make_tree(directory, files):
    for item in files:
        path = os.path.join(directory, item["name"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as out:
            out.write(item["text"])
        if os.path.basename(path).startswith("old"):
            os.utime(path, (OLD, OLD))


def chosen(data, select):
    names = [s for s in select if not s.startswith(("WHERE", "GROUP"))]
    for clause in (s for s in select if s.startswith("WHERE")):
        data = data.filter(clause[6:])
    for clause in (s for s in select if s.startswith("GROUP")):
        return data.groupBy(clause[9:]).count()
    return data.selectExpr(*names)


def run(spark, cases):
    for case in cases:
        record = {"kind": "file_read"}
        for key in ("name", "files", "options", "paths", "format", "schema", "conf", "select"):
            if case.get(key) is not None:
                record[key] = case[key]
        spark.set_conf(case.get("conf"))
        directory = os.path.realpath(tempfile.mkdtemp(dir=spark.tmp))
        try:
            make_tree(directory, case["files"])
            reader = spark.session.read.format(case["format"])
            for key, value in case["options"].items():
                reader = reader.option(key, value.replace("{DIR}", directory))
            if case.get("schema") is not None:
                reader = reader.schema(case["schema"])
            data = reader.load([os.path.join(directory, p) if p else directory for p in case["paths"]])
            if case.get("select"):
                data = chosen(data, case["select"])
            record["columns"] = data.columns
            record["types"] = [f.dataType.simpleString() for f in data.schema.fields]
            record["nullable"] = [f.nullable for f in data.schema.fields]
            cells = spark.cells(data._jdf)
            record["rows"] = sorted(cells, key=lambda row: [("" if c is None else c) for c in row])
        except Exception as exc:
            record["error"] = spark.error(
                exc, {"file://" + directory: "{DIR}", "file:" + directory: "{DIR}", directory: "{DIR}"}
            )
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        yield record
