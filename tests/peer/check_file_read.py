#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Files through a Weir driver and the stock PySpark client: every case of tests/golden/file_read.jsonl, filters and
groups too; path tables of SQL; partitionBy in all formats, read back.

    python tests/peer/check_file_read.py [DIRECTORY ...]

Each DIRECTORY (of csv or json files) is read by Weir and by this venv's Spark, with inferred schemas, and compared.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from connect_driver import Checks, Driver
from pyspark.errors import PySparkException
from pyspark.sql.connect.session import SparkSession

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "golden"))
import run_file_read  # noqa: E402

CHECKS = Checks("check_file_read")


def rows_of(data):
    return sorted([None if v is None else str(v) for v in row] for row in data.collect())


def text_of(rows):
    return json.dumps(sorted(rows, key=lambda row: [c or "" for c in row]))


def replay(spark, case, directory):
    run_file_read.make_tree(directory, case["files"])
    for key, value in case.get("conf", {}).items():
        spark.conf.set(key, value)
    try:
        reader = spark.read.format(case["format"])
        for key, value in case["options"].items():
            reader = reader.option(key, value.replace("{DIR}", directory))
        if "schema" in case:
            reader = reader.schema(case["schema"])
        data = reader.load([os.path.join(directory, p) if p else directory for p in case["paths"]])
        if "select" in case:
            data = run_file_read.chosen(data, case["select"])
        cast = data.selectExpr(*["CAST(`%s` AS STRING)" % c for c in data.columns])
        got = {"columns": data.columns, "rows": text_of([list(r) for r in cast.collect()])}
        want = {"columns": case.get("columns"), "rows": text_of(case.get("rows", []))}
    except PySparkException as error:
        got, want = error.getCondition(), (case.get("error") or {}).get("condition")
        if want is None and "error" in case:
            want = got
    finally:
        for key in case.get("conf", {}):
            spark.conf.unset(key)
    CHECKS.check(case["name"], got == want, f"got {got}, Spark {want}")


def check_write(spark, directory):
    frame = spark.createDataFrame(
        [(1, "x", "a/b"), (2, "y", None), (3, 'q"u,o', ""), (4, None, "\u00e9 =")], "id INT, name STRING, p STRING")
    for form in ("csv", "json", "text"):
        target = os.path.join(directory, form)
        wanted = frame.select("name", "p") if form == "text" else frame
        wanted.write.partitionBy("p").format(form).save(target)
        names = sorted(os.listdir(target))
        wanted_names = ["_SUCCESS", "p=__HIVE_DEFAULT_PARTITION__", "p=a%2Fb", "p=\u00e9 %3D"]
        CHECKS.check(form + " directories", names == wanted_names, names)
        schema = "value STRING, p STRING" if form == "text" else "id INT, name STRING, p STRING"
        back = spark.read.format(form).schema(schema).load(target)
        want = [[v if v != "" else None for v in (r.name, r.p)] for r in wanted.collect()]
        got = [list(r)[-2:] for r in back.collect()]
        got = [[None if v == "" else v for v in row] for row in got]
        CHECKS.check(form + " read back", text_of(got) == text_of(want), f"{got} {want}")
    frame.write.partitionBy("p", "id").mode("overwrite").json(os.path.join(directory, "csv"))
    CHECKS.check("overwritten", spark.read.json(os.path.join(directory, "csv")).count() == 4)
    refused = ((["id", "name", "p"], "ALL_PARTITION_COLUMNS_NOT_ALLOWED"), (["no"], "_LEGACY_ERROR_TEMP_1155"))
    for columns, condition in refused:
        try:
            frame.write.partitionBy(*columns).csv(os.path.join(directory, "bad"))
            CHECKS.check(condition, False)
        except PySparkException as error:
            CHECKS.check(condition, error.getCondition() == condition, str(error))
    many = spark.range(0, 5000).selectExpr("id", "id % 100 AS p")
    many.write.partitionBy("p").json(os.path.join(directory, "many"))
    back = spark.read.json(os.path.join(directory, "many"))
    CHECKS.check("more partitions than open files", (back.count(), back.filter("p = 7").count()) == (5000, 50))


def check_paths(spark, directory):
    files = [{"name": "f.csv", "text": "1,x\n2,y\n"}, {"name": "j/a=1/f.json", "text": '{"b":2}\n'}]
    run_file_read.make_tree(directory, files)
    got = spark.sql("SELECT * FROM csv.`%s/f.csv` WHERE _c0 > 1" % directory).collect()
    CHECKS.check("csv path", [tuple(r) for r in got] == [("2", "y")], got)
    got = spark.sql("SELECT a, b FROM json.`%s/j`" % directory).collect()
    CHECKS.check("json path", [tuple(r) for r in got] == [(1, 2)], got)
    CHECKS.check("text path", spark.sql("SELECT count(*) FROM text.`%s/f.csv`" % directory).collect()[0][0] == 2)
    try:
        spark.sql("SELECT * FROM csv.`%s/nothing`" % directory).collect()
        CHECKS.check("missing path", False)
    except PySparkException as error:
        CHECKS.check("missing path", error.getCondition() == "PATH_NOT_FOUND", str(error))


SPARK_SIDE = """
import json, sys
from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
form, options, path = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
d = spark.read.format(form).options(**options).load(path)
texts = d.selectExpr(*["CAST(`%s` AS STRING)" % c for c in d.columns])
print(json.dumps([d.schema.simpleString(), [list(r) for r in texts.collect()]]))
"""


def compare(spark, path):
    form = "csv" if any(n.endswith(".csv") for n in os.listdir(path)) else "json"
    for options in ({"header": "true", "inferSchema": "true"}, {}, {"header": "true", "multiLine": "true"}):
        command = [sys.executable, "-c", SPARK_SIDE, form, json.dumps(options), path]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        schema, rows = json.loads(run.stdout.strip().split("\n")[-1])
        data = spark.read.format(form).options(**options).load(path)
        got = [list(r) for r in data.selectExpr(*["CAST(`%s` AS STRING)" % c for c in data.columns]).collect()]
        simple = data.schema.simpleString()
        CHECKS.check(f"{path} {options} schema", simple == schema, f"{simple} {schema}")
        CHECKS.check(f"{path} {options} {len(rows)} rows", text_of(got) == text_of(rows))
        print(f"{path} {options}: {len(rows)} rows", flush=True)


def main():
    cases = [json.loads(line) for line in open(ROOT / "tests" / "golden" / "file_read.jsonl", encoding="ascii")]
    driver = Driver()
    with tempfile.TemporaryDirectory() as directory:
        directory = os.path.realpath(directory)
        spark = SparkSession.builder.remote(driver.url).getOrCreate()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        for i, case in enumerate(c for c in cases if "name" in c):
            replay(spark, case, os.path.join(directory, "case%d" % i))
        check_write(spark, os.path.join(directory, "write"))
        check_paths(spark, os.path.join(directory, "paths"))
        for path in sys.argv[1:]:
            compare(spark, path)
        spark.stop()
    CHECKS.check("ends well", (problem := driver.close()) is None, problem)
    return CHECKS.finish()


if __name__ == "__main__":
    sys.exit(main())
