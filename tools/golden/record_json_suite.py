#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Ask Spark about the files of tests/data/json_test_suite and about variant bytes.

Writes tests/data/json_test_suite/spark.jsonl and tests/golden/json_variant.jsonl; needs what record.py needs.
"""

import glob
import json
import os
import tempfile

from sparkside import Spark

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SUITE = os.path.join(ROOT, "tests", "data", "json_test_suite")
# Too large to keep; the test makes them as well.
LARGE = {
    "n_structure_100000_opening_arrays.json": b"[" * 100000,
    "n_structure_open_array_object.json": b'[{"":' * 50000,
}
DOCUMENTS = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "127",
    "128",
    "-129",
    "32767",
    "32768",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "-0.0",
    "0.000",
    "123456789.123456789",
    "12345678901234567890.123",
    "1e2",
    "1e400",
    "0." + "1" * 38,
    "0." + "1" * 39,
    '""',
    '"a"',
    '"' + "x" * 63 + '"',
    '"' + "x" * 64 + '"',
    '"\\u00e9\\ud83d\\ude00"',
    "[]",
    "{}",
    '[1,"a",null]',
    '{"b":1,"a":{"b":[true,{"c":null}]}}',
    '{"z":1,"y":2,"x":3}',
    '{"\\uffff":1,"\\ud83d\\ude00":2}',
    "[" + ",".join(["1"] * 300) + "]",
    "{" + ",".join('"k%d":%d' % (i, i) for i in range(300)) + "}",
    '["' + "y" * 300 + '"]',
]


def ask_suite(session):
    files = {os.path.basename(f): open(f, "rb").read() for f in glob.glob(SUITE + "/*.json")}
    files.update(LARGE)
    names = sorted(files)
    answers = {name: {} for name in names}
    for wrapped in (True, False):
        for strict in (True, False):
            folder = tempfile.mkdtemp()
            for index, name in enumerate(names):
                data = b'{"v":' + files[name] + b"}" if wrapped else files[name]
                with open(os.path.join(folder, "%d.json" % index), "wb") as out:
                    out.write(data)
            reader = session.read.schema("v STRING, _corrupt_record STRING").option("multiLine", "true")
            if strict:
                reader = reader.option("allowSingleQuotes", "false").option("allowNonNumericNumbers", "false")
            frame = reader.json("file:" + folder)
            wanted = ("_metadata.file_name AS f", "_corrupt_record IS NULL AS good", "v")
            rows = frame.selectExpr(*wanted).collect()
            got = {}
            for row in rows:
                got.setdefault(names[int(row.f.split(".")[0])], []).append(row.good)
            key = ("wrapped" if wrapped else "bare") + ("_strict" if strict else "")
            for name in names:
                answers[name][key] = {"rows": len(got.get(name, [])), "good": all(got.get(name, []))}
    return [{"name": name, **answers[name]} for name in names]


def ask_variants(session):
    for text in DOCUMENTS:
        frame = session.createDataFrame([(text,)], "t string")
        row = frame.selectExpr("parse_json(t) AS v", "to_json(parse_json(t)) AS j").collect()[0]
        value, metadata = bytes(row.v.value).hex(), bytes(row.v.metadata).hex()
        record = {"kind": "json_variant", "name": text[:40], "text": text, "json": row.j}
        yield {**record, "value": value, "metadata": metadata}


def write(path, head, records):
    with open(path, "w", encoding="ascii", newline="\n") as out:
        for record in [head] + list(records):
            out.write(json.dumps(record, sort_keys=True) + "\n")


def main():
    spark = Spark()
    head = {"spark": spark.version, "recorded_by": "tools/golden/record_json_suite.py"}
    asked = (
        'multiLine, schema v STRING, _corrupt_record STRING; wrapped: the file as {"v":FILE}; '
        "strict: allowSingleQuotes and allowNonNumericNumbers false"
    )
    write(SUITE + "/spark.jsonl", {**head, "asked": asked}, ask_suite(spark.session))
    head["asked"] = "parse_json of each text, value and metadata in hex"
    write(ROOT + "/tests/golden/json_variant.jsonl", head, ask_variants(spark.session))
    spark.stop()


if __name__ == "__main__":
    main()
