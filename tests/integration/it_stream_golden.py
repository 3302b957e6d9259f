#!/usr/bin/env python3
"""Every streaming query that Spark was asked (tests/golden/stream*.jsonl) through `weir run`, in several
configurations: the console text of every batch is Spark's, byte for byte; rows of a table may come in any order
where the query does not order them. Errors have Spark's condition.

    it_stream_golden.py [REGEX ON CASE NAMES]
"""

import base64
import collections
import json
import os
import re
import sys

import weirlib

# Cases that ask for what is not built. Each has to be refused by name, or to be right all the same.
NOT_BUILT = [
]

# The job spec is checked before the query is made, and says file, line and key.
SPEC_SAYS_SO_FIRST = [
]

# Spark 4.3 throws a plain Java exception for these; Weir has a condition. (REGEX, condition)
NO_CONDITION_IN_SPARK = [
]

CONFIGURATIONS = {
    "local[1]": {"master": "local[1]"},
    "local[4]": {"master": "local[4]", "conf": {"spark.sql.shuffle.partitions": 7}},
    "3 executors": {"master": "local[1]", "conf": {"spark.weir.local.executors": 3,
                                                   "spark.sql.shuffle.partitions": 5}},
    "restart": {"master": "local[2]", "conf": {"spark.sql.streaming.stateStore.minDeltasForSnapshot": 2}},
}


def read_cases(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    head = json.loads(lines[0])
    cases = [json.loads(line) for line in lines[1:]]
    for case in cases:
        case["conf"] = {**head["conf"], **case.get("conf", {})}
    return cases


def find(table, case):
    for entry in table:
        if re.search(entry[0], case["name"]):
            return entry[1]
    return None


def write_job(case, directory):
    source = {"format": "json", "options": {**case["options"], "path": str(directory / "in")}}
    if case.get("schema") is not None:
        source["schema"] = case["schema"]
    if case.get("watermark"):
        source["watermark"] = {"column": case["watermark"][0], "delay": case["watermark"][1]}
    query = {"name": "q", "sql": case["sql"], "trigger": case.get("trigger") or {"availableNow": True},
             "sink": {"format": "console", "options": case["sinkOptions"] or {}},
             "checkpointLocation": str(directory / "checkpoint")}
    if case.get("outputMode") is not None:
        query["outputMode"] = case["outputMode"]
    return weirlib.write_job(directory / "job.yaml", {"input": source}, [query], case["conf"])


def add_file(directory, item, stamp):
    path = directory / "in" / item["name"]
    path.write_bytes(base64.b64decode(item["b64"]) if "b64" in item else item["text"].encode("utf-8"))
    os.utime(path, (stamp, stamp))


def steps_of(case, configuration):
    """[(files to add, texts of the batches that follow)], or None where the configuration does not fit."""
    runs = list(zip(case["batches"], case.get("results", [])))
    if configuration != "restart":
        return runs
    if case["options"] != {"maxFilesPerTrigger": "1"} or case.get("watermark") or case.get("trigger"):
        return None
    steps = []
    for files, texts in runs:
        if len(files) != len(texts):
            return None
        steps += [([item], [text]) for item, text in zip(files, texts)]
    return steps if len(steps) > 1 else None


def compare_tables(case, printed, expected):
    tables = weirlib.split_console(printed)
    if len(tables) != len(expected):
        return f"{len(tables)} batches instead of {len(expected)}: {weirlib.shorten(printed)}"
    for actual, text in zip(tables, expected):
        golden = weirlib.Table(None, text)
        same = actual.text == text if case["ordered"] else actual.sorted_text() == golden.sorted_text()
        if not same:
            return f"batch {actual.batch}:\n{actual.text}\nSpark:\n{text}"
    return None


def run_success(case, directory, configuration):
    """Problem, or None; and the refused condition where the program says that it does not do this."""
    options = CONFIGURATIONS[configuration]
    job = write_job(case, directory)
    stamp = 1600000000
    for files, texts in steps_of(case, configuration):
        for item in files:
            stamp += 10
            add_file(directory, item, stamp)
        run = weirlib.run_job(job, directory, master=options["master"], conf=options.get("conf"))
        if run.status != 0 or run.hung:
            return run.describe(), run
        problem = compare_tables(case, run.out, texts)
        if problem:
            return problem, run
    return None, None


def accepted_conditions(case):
    error = case["error"]
    causes = [cause["condition"] for cause in error["causes"] if cause.get("condition")] if "causes" in error else []
    conditions = [error["condition"]] if error["condition"] else []
    if error["condition"] == "STREAM_FAILED" and causes:
        conditions = causes
    return conditions


def run_error(case, directory):
    job = write_job(case, directory)
    stamp = 1600000000
    for files in case["batches"]:
        for item in files:
            stamp += 10
            add_file(directory, item, stamp)
    if case["name"] == "missing path":
        (directory / "in").rmdir()
    run = weirlib.run_job(job, directory, master="local[2]")
    problem = weirlib.clear_error(run)
    if problem:
        return problem, run
    named = weirlib.error_conditions(run.err)
    if find(SPEC_SAYS_SO_FIRST, case):
        return (None if named[:1] == ["INVALID_JOB_SPEC"] else f"no INVALID_JOB_SPEC: {run.describe()}"), run
    accepted = accepted_conditions(case)
    instead = find(NO_CONDITION_IN_SPARK, case)
    if instead:
        accepted = [instead]
    if not set(accepted) & set(named):
        return f"Spark: {accepted or case['error']['message'][:200]}; {run.describe()}", run
    return None, run


def refused(run):
    """Whether the run said by name that this is not built, before anything ran."""
    named = weirlib.error_conditions(run.err) if run else []
    return bool(named) and named[0] in ("NOT_SUPPORTED", "UNSUPPORTED_OPTION", "UNRESOLVED_ROUTINE",
                                        "PARSE_SYNTAX_ERROR") and not weirlib.clear_error(run)


def run_one(suite, skipped, item):
    topic, case, configuration = item
    name = f"{topic}: {case['name']} ({configuration})"
    directory = suite.make_directory(name)
    (directory / "in").mkdir()
    if "error" in case:
        problem, run = run_error(case, directory)
    else:
        problem, run = run_success(case, directory, configuration)
    reason = find(NOT_BUILT, case)
    if reason and problem and refused(run):
        with suite.lock:
            skipped[reason].add(case["name"])
        return
    suite.check(name, problem)


def main():
    suite = weirlib.Suite()
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    items = []
    for topic in ("stream", "stream_error"):
        for case in read_cases(weirlib.ROOT / "tests/golden" / (topic + ".jsonl")):
            if not wanted.search(case["name"]):
                continue
            for configuration in CONFIGURATIONS:
                first = configuration == "local[1]"
                if first or (topic == "stream" and "error" not in case and steps_of(case, configuration)):
                    items.append((topic, case, configuration))
    skipped = collections.defaultdict(set)
    suite.run_parallel(lambda item: run_one(suite, skipped, item), items)
    for reason, names in sorted(skipped.items()):
        print(f"not built: {len(names)}: {reason}: {', '.join(sorted(names)[:4])}" + (", ..." if len(names) > 4 else ""))
    print(f"not built: {sum(map(len, skipped.values()))} cases")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
