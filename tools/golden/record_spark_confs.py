#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Records the configuration keys that a real Spark has registered into driver/connect/spark_confs.def.

    python tools/golden/record_spark_confs.py      # with a Python that has pyspark, and Java

One line a key: what kind it is (a session may change it, static, or Spark core's) and what Spark answers where
nobody has set it. Defaults that name this machine (paths, zone) are left out."""

import json
import os
import pathlib
import re
import tempfile

from pyspark.sql import SparkSession

TARGET = pathlib.Path(__file__).resolve().parent.parent.parent / "driver/connect/spark_confs.def"
# Set by the start of this very Spark, or true for this machine alone.
LOCAL = re.compile(r"(?<![\w.])/(work|home|root|tmp|opt)/|^file:|^hdfs:")
LEFT_OUT = {"spark.sql.session.timeZone", "spark.sql.warehouse.dir"}


def entries(spark):
    jvm = spark._jvm  # pylint: disable=protected-access
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    # The Connect server's own keys are registered when their object is loaded.
    try:
        jvm.java.lang.Class.forName("org.apache.spark.sql.connect.config.Connect$", True, loader)
    except Exception as error:  # pylint: disable=broad-except
        print("no Connect keys:", error)
    conf = spark._jsparkSession.sessionState().conf()  # pylint: disable=protected-access
    statics = getattr(getattr(jvm.org.apache.spark.sql.internal, "SQLConf$"), "MODULE$")
    for key in all_keys(jvm):
        if statics.containsConfigKey(key):
            kind = "STATIC" if statics.isStaticConfigKey(key) else "SESSION"
        else:
            kind = "CORE"
        value = None
        if kind != "CORE" and key not in LEFT_OUT:
            try:
                value = conf.getConfString(key)
            except Exception:  # pylint: disable=broad-except
                value = None
            if value is not None and LOCAL.search(value):
                value = None
        yield key, kind, value


def all_keys(jvm):
    """ConfigEntry keeps its registry private: reflection."""
    clazz = jvm.java.lang.Class.forName("org.apache.spark.internal.config.ConfigEntry$")
    module = clazz.getField("MODULE$").get(None)
    field = next(f for f in clazz.getDeclaredFields() if f.getName().endswith("knownConfigs"))
    field.setAccessible(True)
    return list(field.get(module).keySet().toArray())


def main():
    os.chdir(tempfile.mkdtemp())
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    rows = sorted(entries(spark), key=lambda row: row[0].encode())
    lines = [
        "/* WEIR_SPARK_CONF(kind, key, default): the configuration keys that Spark %s registers, sorted; SESSION may be"
        % spark.version,
        " * changed by a session, STATIC not, CORE are Spark core's. A default of NULL: there is none.",
        " * Recorded by tools/golden/record_spark_confs.py. */",
    ]
    for key, kind, value in rows:
        text = "NULL" if value is None else json.dumps(value)
        lines.append("WEIR_SPARK_CONF(%s, %s, %s)" % (kind, json.dumps(key), text))
    TARGET.write_text("\n".join(lines) + "\n")
    print(len(rows), "keys")
    spark.stop()


if __name__ == "__main__":
    main()
