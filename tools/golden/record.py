#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record Spark's answers: run the cases of cases_*.py on a real Spark, write tests/golden/*.jsonl.

    python tools/golden/record.py [--out DIR] [TOPIC ...]

Needs the pyspark of tests/peer/run_peer.sh and Java 17. Answers are never written by hand.
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_collection  # noqa: E402,F401 (adds its topics to those of cases_expr)
import cases_expr  # noqa: E402
import cases_scalar  # noqa: E402
import run_expr  # noqa: E402
from sparkside import BASE_CONF, Spark  # noqa: E402

TOPICS = {}  # name -> (cases, runner); a runner takes (spark, cases) and yields records


def add(topics, runner):
    for name, cases in topics.items():
        TOPICS[name] = (cases, runner)


add(cases_expr.TOPICS, run_expr.run)
add(cases_scalar.TOPICS, run_expr.run)
for module in (
    *("json_read", "json_infer", "json_write", "csv_read", "csv_write", "file_read"),
    *("show", "ddl", "stream", "arrow", "tree", "aggregate", "over"),
):
    try:
        cases = __import__("cases_" + module)
        runner = __import__("run_" + module)
    except ModuleNotFoundError:
        continue
    add(cases.TOPICS, runner.run)
add(__import__("cases_stream_aggregate").TOPICS, __import__("run_stream").run)


def thin_out(records):
    """Drop what is said twice: ANSI off where it answers as ANSI on does, TRY_CAST where CAST itself is refused."""
    ansi = "spark.sql.ansi.enabled"
    answers = ("type", "column", "value", "values", "error")

    def key(record, conf):
        rows = None if record.get("rows") is None else tuple(record["rows"])
        return record.get("sql"), record.get("schema"), rows, tuple(sorted(conf.items()))

    exprs = [r for r in records if r["kind"] == "expr"]
    said = {
        key(r, r.get("conf") or {}): [r.get(a) for a in answers] for r in exprs if ansi not in (r.get("conf") or {})
    }
    kept = []
    for record in records:
        if record["kind"] == "expr":
            conf = dict(record.get("conf") or {})
            if conf.pop(ansi, None) == "false" and said.get(key(record, conf)) == [record.get(a) for a in answers]:
                continue
            refused = (record.get("error") or {}).get("condition") == "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION"
            if refused and record["sql"].startswith("TRY_CAST(x AS "):
                continue
        kept.append(record)
    return kept


def undated(answer, today):
    """A time without a date is of the day of the recording (UTC): {TODAY}."""
    if isinstance(answer, str):
        return answer.replace(today, "{TODAY}")
    if isinstance(answer, list):
        return [undated(item, today) for item in answer]
    return answer


def write(path, head, records):
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for record in records:
        for name in ("value", "values", "rows", "text"):
            if name in record and (name != "rows" or record["kind"] in ("json_read", "csv_read")):
                record[name] = undated(record[name], today)
    with open(path + ".tmp", "w", encoding="ascii", newline="\n") as out:
        for record in [head] + thin_out(records):
            out.write(json.dumps(record, sort_keys=True, ensure_ascii=True) + "\n")
    os.replace(path + ".tmp", path)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=os.path.join(here, "..", "..", "tests", "golden"))
    parser.add_argument("topic", nargs="*", help="default: all of " + ", ".join(sorted(TOPICS)))
    args = parser.parse_args()
    wanted = args.topic or list(TOPICS)
    for name in wanted:
        if name not in TOPICS:
            parser.error("no topic %s" % name)
    os.makedirs(args.out, exist_ok=True)
    spark = Spark()
    for name in wanted:
        cases, runner = TOPICS[name]
        started = time.time()
        seen = {}
        records = []
        for record in runner(spark, cases):
            base = record["name"]
            seen[base] = seen.get(base, 0) + 1
            if seen[base] > 1:
                record["name"] = "%s #%d" % (base, seen[base])
            records.append(record)
        path = os.path.join(args.out, name + ".jsonl")
        head = {"spark": spark.version, "recorded_by": "tools/golden/record.py", "conf": BASE_CONF}
        write(path, head, records)
        print(
            "%s: %d records, %d bytes, %.0f s" % (name, len(records), os.path.getsize(path), time.time() - started),
            flush=True,
        )
    spark.stop()


if __name__ == "__main__":
    main()
