#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Read the constants of HyperLogLog++ (published with the paper: thresholds, raw estimates, biases by precision) from a
real Spark: common/expr/aggregate_hll.def. approx_count_distinct must use the same numbers to give the same counts."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from sparkside import Spark  # noqa: E402

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "common", "expr", "aggregate_hll.def")


def main():
    spark = Spark()
    loader = spark.jvm.Thread.currentThread().getContextClassLoader()
    kind = loader.loadClass("org.apache.spark.sql.catalyst.util.HyperLogLogPlusPlusHelper$")
    module = kind.getField("MODULE$").get(None)
    found = {}
    for field in kind.getDeclaredFields():
        field.setAccessible(True)
        found[field.getName()] = field.get(module)
    thresholds = list(found["THRESHOLDS"])
    raw = [list(row) for row in found["RAW_ESTIMATE_DATA"]]
    bias = [list(row) for row in found["BIAS_DATA"]]
    with open(FILE, "w", encoding="ascii", newline="\n") as out:
        out.write("/* Made by tools/golden/record_hll_tables.py. THRESHOLD(p, value); ")
        out.write("ESTIMATE(p, raw, bias), ascending. */\n")
        for index, value in enumerate(thresholds):
            out.write("THRESHOLD(%d, %s)\n" % (index + 4, value))
        for index, (estimates, biases) in enumerate(zip(raw, bias)):
            for pair in zip(estimates, biases):
                out.write("ESTIMATE(%d, %s, %s)\n" % (index + 4, *pair))
    print("%d precisions, %d estimates" % (len(thresholds), sum(len(row) for row in raw)))
    spark.stop()


if __name__ == "__main__":
    main()
