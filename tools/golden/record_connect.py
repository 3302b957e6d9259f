#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record what a Spark Connect client sends and what Spark's server answers: tests/golden/connect_*.jsonl.

    python tools/golden/record_connect.py [--out DIR]

The stock client talks to Spark's own server in a local JVM; a wrapper around its stub keeps the bytes. Needs the
environment of tests/peer/make_venv.sh and Java 17.
"""

import argparse
import base64
import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_connect as cases  # noqa: E402

DIR = "/tmp/weir-connect-golden"  # fixed: it is part of the recorded requests


class Recorder:
    """Stands in the place of the client's stub."""

    def __init__(self, stub):
        self.stub = stub
        self.seen = []
        self.known = set()  # requests that stand in the files already

    def __getattr__(self, name):
        method = getattr(self.stub, name)
        if name in ("AnalyzePlan", "ExecutePlan"):
            return lambda request, **kwargs: self.keep(name, method, request, kwargs)
        return method

    def keep(self, name, method, request, kwargs):
        copy = type(request)()
        copy.CopyFrom(request)
        for field in ("session_id", "user_context", "client_type", "client_observed_server_side_session_id"):
            copy.ClearField(field)
        for field in ("operation_id", "request_options", "tags"):
            if field in copy.DESCRIPTOR.fields_by_name:
                copy.ClearField(field)
        strip(copy)
        entry = {"rpc": name, "request": text(copy)}
        self.seen.append(entry)
        got = method(request, **kwargs)
        if name == "AnalyzePlan":
            answer = type(got)()
            answer.CopyFrom(got)
            answer.ClearField("session_id")
            answer.ClearField("server_side_session_id")
            entry["response"] = text(answer)
        return got


def strip(message):
    """Takes away where in the caller's files a thing was made, and pickled code, which holds such places too."""
    name = message.DESCRIPTOR.name
    if name in ("ExpressionCommon", "RelationCommon"):
        message.ClearField("origin")
    if name in ("PythonUDF", "PythonUDTF", "PythonDataSource"):
        message.command = b"code"
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            for key in value:
                if hasattr(value[key], "ListFields"):
                    strip(value[key])
        else:
            for part in value if field.is_repeated else [value]:
                strip(part)


def text(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode("ascii")


def error(exc):
    condition = getattr(exc, "getCondition", lambda: None)() or getattr(exc, "getErrorClass", lambda: None)()
    state = getattr(exc, "getSqlState", lambda: None)()
    message = str(exc).split("\n\nJVM stacktrace:")[0]
    message = re.sub(r";\n'?[A-Z+][^\n]*(\n[^\n]*)*$", "", message)
    message = re.sub(r"#\d+", "#N", message)
    return {"condition": condition, "sqlstate": state, "class": type(exc).__name__, "message": message}


def ask(spark, recorder, kind, name, call):
    recorder.seen = []
    record = {"kind": kind, "name": name}
    try:
        got = call()
        if kind == "frame":
            record["schema"] = got.schema.simpleString()
    except Exception as exc:  # noqa: BLE001
        record["error"] = error(exc)
    # The schema is the last question; what stands before it (column lookups of the client) has answers too.
    for number, entry in enumerate(recorder.seen):
        one = dict(record, **entry)
        last = number + 1 == len(recorder.seen)
        if not last and entry["request"] in recorder.known:
            continue
        recorder.known.add(entry["request"])
        if not last:
            one.pop("error", None)
            one.pop("schema", None)
            one["step"] = number
        yield one


def run(spark, recorder):
    import pyspark.sql.connect.functions as F
    import pyspark.sql.types as T
    from pyspark.sql.connect.window import Window as W

    def question(name, **args):
        return ask(spark, recorder, "question", name, lambda: spark._client._analyze(**args))

    for name, make in cases.FRAMES.items():
        yield from ask(spark, recorder, "frame", name, lambda: make(spark, F, T, W, DIR))
    for name, call in cases.QUESTIONS.items():
        yield from ask(spark, recorder, "question", name, lambda: call(spark, F, T, W, DIR))
    plan = cases.table(spark)._plan.to_proto(spark._client)
    for name, level in cases.TREES.items():
        yield from question(name, method="tree_string", plan=plan, level=level)
    for ddl in cases.DDL:
        yield from question("ddl " + ddl, method="ddl_parse", ddl_string=ddl)
    for doc in cases.JSON:
        yield from question("json " + doc, method="json_to_ddl", json_string=doc)
    for name, call in cases.ACTIONS.items():
        yield from ask(spark, recorder, "action", name, lambda: call(spark, F, T, W, DIR))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=os.path.join(here, "..", "..", "tests", "golden"))
    args = parser.parse_args()
    os.environ["SPARK_TESTING"] = "1"  # the server takes any free port
    from pyspark.sql import SparkSession

    shutil.rmtree(DIR, ignore_errors=True)
    os.makedirs(DIR)
    with open(os.path.join(DIR, "events.json"), "w", encoding="ascii") as out:
        out.write('{"a": 1, "b": "x"}\n')
    os.chdir(tempfile.mkdtemp(prefix="weir-connect-"))
    builder = SparkSession.builder.remote("local[1]")
    for key, value in {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": os.path.join(DIR, "warehouse"),
    }.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    recorder = Recorder(spark._client._stub)
    spark._client._stub = recorder
    head = {"spark": spark.version, "recorded_by": "tools/golden/record_connect.py"}
    head["conf"] = {"spark.sql.session.timeZone": "UTC"}
    files = {"frame": [head], "question": [head], "action": [head]}
    for record in run(spark, recorder):
        files[record["kind"]].append(record)
    for kind, records in files.items():
        path = os.path.join(args.out, "connect_%s.jsonl" % kind)
        with open(path, "w", encoding="ascii", newline="\n") as out:
            for record in records:
                out.write(json.dumps(record, sort_keys=True, ensure_ascii=True) + "\n")
        print("%s: %d records" % (path, len(records) - 1), flush=True)
    spark.stop()
    shutil.rmtree(DIR, ignore_errors=True)


if __name__ == "__main__":
    main()
