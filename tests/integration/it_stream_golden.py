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

# What is not built in this version, by case name. Such a case has to be refused by name, or to be right all the same.
NOT_BUILT = [
    (r"watermark delay '1 month'|with watermark|late rows", "state that a watermark closes"),
    (r"^limit in append$", "LIMIT over the whole stream"),
    (r"union all|JOIN|EXCEPT|INTERSECT| IN \(SELECT", "joins, set operations and subqueries in expressions"),
    (r"sum\(n\) FROM \(SELECT|ROLLUP|SELECT DISTINCT action FROM input LIMIT", "several aggregations in a "
     "query, ROLLUP"),
    (r"OFFSET|TABLESAMPLE|INSERT INTO", "OFFSET, TABLESAMPLE, INSERT"),
    (r"try_sum|approx_count_distinct|collect_list|explode|rand\(\)", "functions of later versions"),
    (r"missing schema but inferred", "schema inference"),
]

# The job spec is checked before the query is made, and says file, line and key.
SPEC_SAYS_SO_FIRST = [
    (r"^(nonsense|): SELECT \* FROM input$", "outputMode"),
    (r"^append: $", "sql"),
    (r"^trigger ", "processingTime"),
    (r"^watermark delay '(x|-1 minutes|)'$", "delay"),
]

# Answers that differ from Spark's on purpose: (REGEX, what is accepted, reason)
DIFFERENT = [
    (r"^global aggregates over DECIMAL\(38,18\)$", "ARITHMETIC_OVERFLOW",
     "a sum that leaves 38 digits and comes back: Spark sees it with grouping keys alone"),
    (r"source option \{'timestampFormat': 'bad \{'\}", "INVALID_DATETIME_PATTERN",
     "a bad pattern is refused, where Spark reads NULLs"),
    (r"source option \{'recursiveFileLookup': 'x'\}", "INVALID_ARGUMENT", "the message names the option"),
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


def normalize(text):
    return re.sub(r"\s+", " ", text.replace("file:", "")).strip()


def same_error(case, text):
    """Whether the program's error is Spark's: one of its conditions, or the text where Spark has none (plain Java
    exceptions, and the conditions called legacy, which Spark does not print)."""
    error = case["error"]
    own = {"message": error["message"], "condition": error["condition"]}
    if error["condition"] == "STREAM_FAILED":
        own["condition"] = None
        found = re.search(r"terminated with exception: (.*?)( SQLSTATE: XXKST|$)", error["message"], re.S)
        own["message"] = found.group(1)
    for part in error.get("causes", []) + [own]:
        condition = part.get("condition")
        if condition and f"[{condition}]" in text:
            return True
        if not condition or condition.startswith("_LEGACY"):
            message = re.sub(r"^\[\w+\] ", "", part["message"]).split(" SQLSTATE")[0].split("; line ")[0]
            if message and normalize(message.split("\n")[0]) in normalize(text):
                return True
    return False


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
    key = find(SPEC_SAYS_SO_FIRST, case)
    if key is not None:
        return weirlib.clear_error(run, "[INVALID_JOB_SPEC]", "job.yaml:", key), run
    if not same_error(case, run.err):
        return f"Spark: {weirlib.shorten(json.dumps(case['error']), 800)}; {run.describe()}", run
    return None, run


def refused(run):
    """Whether the run said by name that this is not built, before anything ran."""
    named = weirlib.error_conditions(run.err) if run else []
    by_name = ("NOT_SUPPORTED", "UNSUPPORTED_FEATURE", "UNSUPPORTED_OPTION", "UNRESOLVED_ROUTINE")
    schema_asked_for = "Schema must be specified" in (run.err if run else "")
    return (bool(named) and named[0] in by_name or schema_asked_for) and not weirlib.clear_error(run)


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
    for pattern, condition, different in DIFFERENT:
        if problem and re.search(pattern, case["name"]) and not weirlib.clear_error(run, f"[{condition}"):
            with suite.lock:
                skipped["differs on purpose: " + different].add(case["name"])
            return
    suite.check(name, problem)


def main():
    suite = weirlib.Suite()
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    items = []
    for topic in ("stream", "stream_aggregate", "stream_error"):
        for case in read_cases(weirlib.ROOT / "tests/golden" / (topic + ".jsonl")):
            if not wanted.search(case["name"]):
                continue
            for configuration in CONFIGURATIONS:
                first = configuration == "local[1]"
                if first or (topic != "stream_error" and "error" not in case and steps_of(case, configuration)):
                    items.append((topic, case, configuration))
    skipped = collections.defaultdict(set)
    suite.run_parallel(lambda item: run_one(suite, skipped, item), items)
    for reason, names in sorted(skipped.items()):
        what = "" if reason.startswith("differs") else "not built: "
        print(f"{what}{reason}: {len(names)}: " + "; ".join(sorted(names)))
    different = sum(len(names) for reason, names in skipped.items() if reason.startswith("differs"))
    print(f"not built: {sum(map(len, skipped.values())) - different} cases, different on purpose: {different}")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
