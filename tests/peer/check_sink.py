#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Read a JSON file sink with a real Spark, through its _spark_metadata; print the rows as sorted JSON lines.

    python tests/peer/check_sink.py DIR [--schema DDL] [--time-zone ZONE]
"""

import argparse
import os
import sys

import peer_spark


def sink_rows(spark, directory, schema=None):
    """What a Spark reader sees: rows as JSON texts, sorted."""
    reader = spark.session.read
    if schema:
        reader = reader.schema(schema)
    frame = reader.json("file:" + os.path.abspath(directory))
    return sorted(row[0] for row in frame.selectExpr("to_json(struct(*))").collect())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("--schema")
    parser.add_argument("--time-zone", default="UTC")
    args = parser.parse_args()
    if not os.path.isdir(os.path.join(args.directory, "_spark_metadata")):
        sys.exit("%s has no _spark_metadata" % args.directory)
    spark = peer_spark.Spark()
    spark.set_conf({"spark.sql.session.timeZone": args.time_zone})
    for row in sink_rows(spark, args.directory, args.schema):
        print(row)
    spark.stop()


if __name__ == "__main__":
    main()
