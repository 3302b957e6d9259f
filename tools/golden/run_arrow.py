# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Spark's ArrowUtils and ArrowConverters: bytes that they write, and what they make of pyarrow's."""

import base64


def module(package, name):
    return getattr(getattr(package, name + "$"), "MODULE$")


class Arrow:
    def __init__(self, spark):
        self.spark, jvm = spark, spark.jvm
        sql = jvm.org.apache.spark.sql
        self.types = sql.types
        self.converters = module(sql.execution.arrow, "ArrowConverters")
        self.projection = module(sql.catalyst.expressions, "UnsafeProjection")
        self.type_utils = module(sql.catalyst.types, "DataTypeUtils")
        self.dataset = module(sql.classic, "Dataset")
        self.relation = module(sql.catalyst.plans.logical, "LocalRelation")

    def seq(self, items):
        return self.spark.jvm.PythonUtils.toSeq(items)

    def schema(self, case):
        if "json" in case:
            return self.types.DataType.fromJson(case["json"])
        return self.types.StructType.fromDDL(case["ddl"])

    def write_schema(self, case):
        schema = self.schema(case)
        data = self.converters.createEmptyArrowBatch(schema, case["zone"], False, case["large"])
        return {"json": schema.json(), "zone": case["zone"], "large": case["large"], "stream": b64(data)}

    def write(self, case):
        data = self.spark.rows(case.get("schema"), case["rows"])
        if case.get("select"):
            data = data.selectExpr(self.spark.strings(case["select"]))
        rows = self.seq(list(data.queryExecution().executedPlan().executeCollect())).iterator()
        per_batch = case.get("per_batch", 10000)
        streams = self.converters.toBatchWithSchemaIterator(
            rows, data.schema(), per_batch, 1 << 22, "UTC", False, case.get("large", False)
        )
        out = []
        while streams.hasNext():
            out.append(b64(streams.next()))
        return {"json": data.schema().json(), "streams": out, "cells": self.spark.cells(data)}

    def read(self, case):
        record = {"stream": b64(case["stream"])}
        pair = self.converters.fromIPCStream(bytearray(case["stream"]))
        rows, schema = pair._1(), pair._2()
        record["json"] = schema.json()
        rows, found = rows.map(self.projection.create(schema)), []
        while rows.hasNext():
            found.append(rows.next().copy())
        output = self.type_utils.toAttributes(schema)
        none = getattr(self.spark.jvm.scala, "None$")
        plan = self.relation.apply(output, self.seq(found), False, getattr(none, "MODULE$"))
        record["cells"] = self.spark.cells(self.dataset.ofRows(self.spark.js, plan))
        return record


def b64(data):
    return base64.b64encode(bytes(data)).decode("ascii")


def run(spark, cases):
    arrow = Arrow(spark)
    for case in cases:
        spark.set_conf({"spark.sql.timeType.enabled": "true"})
        kind = "arrow_schema" if "zone" in case else "arrow_write" if "rows" in case else "arrow_read"
        record = {"kind": kind, "name": case.get("name") or case.get("ddl") or case["json"]}
        try:
            ask = {"arrow_schema": arrow.write_schema, "arrow_write": arrow.write, "arrow_read": arrow.read}[kind]
            record.update(ask(case))
        except Exception as exc:
            record["error"] = spark.error(exc)
            if kind == "arrow_read":
                record["stream"] = b64(case["stream"])
        yield record
