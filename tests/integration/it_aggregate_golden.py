#!/usr/bin/env python3
"""Aggregate queries as real Spark answered them (tests/golden/aggregate.jsonl): the same rows as JSON files under a
view, the same SQL over `weir driver --connect`; the schema's tree and the table must be Spark's. Every query runs over
one file and one partition, and, where its answer does not depend on the split, over four files and three partitions."""
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import connect_wire as wire  # noqa: E402
import weirlib  # noqa: E402
from weirlib import ROOT, WEIR, Suite  # noqa: E402

FILE = ROOT / "tests/golden/aggregate.jsonl"
KNOWN = ROOT / "tests/golden/aggregate_known.txt"
# Answers that depend on how rows are split: summaries, rounding, and the order behind a shuffle.
SPLIT_MATTERS = re.compile(
    r"approx_percentile|percentile_approx|histogram|std|var|skew|kurt|corr|covar|regr|avg\(|sum\(c|range\(|"
    r"listagg\(DISTINCT s, ','\) FROM")


def known():
    reasons = {}
    for line in KNOWN.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, reason = line.rsplit("\t", 1)
            reasons[json.loads(name)] = reason
    return reasons


def write_input(directory, case, files):
    path = directory / ("%s.%d" % (case["name"].replace(" ", "_"), files))
    path.mkdir()
    rows = case["rows"]
    size = max(1, -(-len(rows) // files))
    parts = ["".join(row + "\n" for row in rows[index * size:(index + 1) * size]) for index in range(files)]
    longest = max(len(part.encode()) for part in parts)
    for index, part in enumerate(parts):
        # Tasks go by size, then by name: of one size they have the rows in their order.
        padding = "\n" * (longest - len(part.encode()))
        (path / ("part-%d.json" % index)).write_text(part + padding, encoding="utf-8")
        os.utime(path / ("part-%d.json" % index), (1700000000 + index, 1700000000 + index))
    return path


def view(client, case, path):
    source = wire.relation(2, wire.message((2, wire.message((1, "json"), (2, case["schema"]), (4, str(path))))))
    client.execute(wire.command(3, wire.message((1, source), (2, "input"), (3, 0), (4, 1))))


def sorted_table(text):
    lines = text.rstrip("\n").split("\n")
    return lines[:3] + sorted(lines[3:-1]) + lines[-1:]


def loose_sets(sql, text):
    """The elements of a set come in any order."""
    if "collect_set" not in sql and "DISTINCT" not in sql:
        return text
    return re.sub(r"\[.*\]", lambda m: "".join(sorted(m.group())), text)


def error_of(failure):
    details = failure.details() or ""
    found = re.search(r"\[([A-Z0-9_.]+)\]", details)
    return found.group(1) if found else "", details


class Runner:
    def __init__(self, suite, client, name):
        self.suite, self.client, self.name = suite, client, name
        self.conf = {}

    def set_conf(self, conf):
        conf = {"spark.sql.ansi.enabled": "true", **(conf or {})}
        for key, value in conf.items():
            if self.conf.get(key) != value:
                self.client.set_conf(key, value)
                self.conf[key] = value

    def answer(self, case):
        """(tree, text) or the error's condition and text."""
        query = wire.sql(case["sql"])
        tree_request = wire.message((1, wire.message((1, query))))
        try:
            reply = self.client.call("AnalyzePlan", wire.message(
                (1, self.client.session), (2, self.client.user), (3, "weir-test"), (6, tree_request)))
            tree = wire.field(reply, 4, 1).decode()
            shown = wire.relation(20, wire.message((1, query), (2, 10000), (3, 0), (4, False)))
            data = b"".join(wire.field(answer, 2, 2) or b"" for answer in self.client.execute(wire.rows(shown)))
            text = re.search(rb"\+-[-+]*\+\n.*\+-[-+]*\+\n|\+\+\n\|\|\n\+\+\n.*\+\+\n", data, re.S)
            return tree, (text.group() if text else data).decode("utf-8", "replace")
        except wire.grpc.RpcError as failure:
            return error_of(failure)

    def difference(self, case, split):
        self.set_conf(case.get("conf"))
        first, second = self.answer(case)
        error = case.get("error")
        if error:
            wanted = error.get("condition") or ""
            same = error["message"] in second if wanted.startswith("_LEGACY") else first == wanted
            return None if same and not second.startswith("+") else \
                "expected the error %s (%s), got %s %s" % (wanted, error.get("message"), first, second)
        if not first.startswith("root"):
            return "expected\n%s\ngot the error %s" % (case["text"], second)
        if first != case["tree"]:
            return "expected\n%s\ngot\n%s" % (case["tree"], first)
        got, wanted = loose_sets(case["sql"], second), loose_sets(case["sql"], case["text"])
        ordered = not split and "ORDER BY" in re.sub(r"WITHIN GROUP \(ORDER BY[^)]*\)", "", case["sql"])
        same = got == wanted if ordered else sorted_table(got) == sorted_table(wanted)
        return None if same else "expected\n%s\ngot\n%s" % (case["text"], second)


def run(suite, name, cases, excused, options, files):
    driver = wire.Driver(WEIR, suite.directory,
                         ("--master", "local[2]", "--conf", "spark.sql.session.timeZone=UTC", *options))
    client = wire.Client(driver.port)
    runner = Runner(suite, client, name)
    inputs, at, used = {}, None, set()
    try:
        for case in cases:
            if case["kind"] == "input":
                inputs[case["name"]] = (case, write_input(suite.directory, case, files))
                continue
            if files > 1 and SPLIT_MATTERS.search(case["sql"]):
                continue
            if at != case["input"]:
                view(client, *inputs[case["input"]])
                at = case["input"]
            problem = runner.difference(case, files > 1)
            if problem and case["name"] in excused:
                used.add(case["name"])
                continue
            suite.check("%s: %s" % (name, case["name"]), problem)
        client.release()
        client.close()
    finally:
        if not suite.expect_equal("%s: the driver ends with 0" % name, driver.stop(), 0):
            print(driver.log())
    return used


def main():
    if wire.grpc is None:
        weirlib.skip("python3-grpcio is not installed")
    if not (pathlib.Path(WEIR).parent / "weir-connect.so").exists():
        weirlib.skip("there is no weir-connect.so beside the program")
    suite = Suite()
    cases = [json.loads(line) for line in FILE.read_text(encoding="ascii").splitlines()[1:]]
    only = sys.argv[1] if len(sys.argv) > 1 else None
    if only:
        cases = [case for case in cases if case["kind"] == "input" or re.search(only, case["name"])]
    excused = known()
    used = run(suite, "one file", cases, excused, ("--conf", "spark.sql.shuffle.partitions=1"), 1)
    for name in () if only else sorted(set(excused) - used):
        suite.check("known: " + name, "it no longer differs: take it off aggregate_known.txt")
    run(suite, "four files", cases, excused, ("--conf", "spark.sql.shuffle.partitions=3"), 4)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
