#!/usr/bin/env python3
"""Every type through the whole engine: JSON -> expression -> shuffle -> state, with a restart from the checkpoint, and
JSON -> expression -> JSON. A type counts as built when it has a row here.

Per type: (DDL, whether it may be a grouping key, [(JSON written in, JSON that comes out, cell that is shown)]).
The expected texts are Spark's forms, which the golden files prove value by value."""

import sys

import weirlib

SAME = object()  # comes out as it went in

TYPES = {
    "boolean": ("BOOLEAN", True, [("true", SAME, "true"), ("false", SAME, "false")]),
    "byte": ("TINYINT", True, [("-128", SAME, "-128"), ("127", SAME, "127")]),
    "short": ("SMALLINT", True, [("-32768", SAME, "-32768"), ("7", SAME, "7")]),
    "int": ("INT", True, [("-2147483648", SAME, "-2147483648"), ("0", SAME, "0")]),
    "long": ("BIGINT", True, [("9223372036854775807", SAME, "9223372036854775807"), ("-1", SAME, "-1")]),
    "float": ("FLOAT", True, [("1.5", SAME, "1.5"), ('"NaN"', SAME, "NaN"), ("-0.5", SAME, "-0.5")]),
    "double": ("DOUBLE", True, [("1.0E10", SAME, "1.0E10"), ('"-Infinity"', SAME, "-Infinity")]),
    "decimal(38,10)": ("DECIMAL(38,10)", True, [("1234567890123456789012345678.0123456789", SAME,
                                                "1234567890123456789012345678.0123456789"),
                                               ("-0.5000000000", SAME, "-0.5000000000")]),
    "string": ("STRING", True, [('"Zürich"', SAME, "Zürich"), ('""', SAME, ""), ('"a\\"b"', SAME, 'a"b')]),
    "binary": ("BINARY", True, [('"AQI="', SAME, "[01 02]"), ('""', SAME, "[]")]),
    "date": ("DATE", True, [('"2016-07-25"', SAME, "2016-07-25"), ('"0001-01-01"', SAME, "0001-01-01")]),
    "timestamp": ("TIMESTAMP", True, [('"2016-07-25T21:00:00.123Z"', SAME, "2016-07-25 21:00:00.123"),
                                      ("1469501107", '"2016-07-26T02:45:07.000Z"', "2016-07-26 02:45:07")]),
    "timestamp_ntz": ("TIMESTAMP_NTZ", True, [('"2016-07-25T21:00:00.5"', '"2016-07-25T21:00:00.500"',
                                               "2016-07-25 21:00:00.5")]),
    "time": ("TIME", True, [('"10:11:12.5"', '"10:11:12.5"', "10:11:12.5")]),
    "year-month interval": ("INTERVAL YEAR TO MONTH", True,
                            [('"INTERVAL \'1-2\' YEAR TO MONTH"', SAME, "INTERVAL '1-2' YEAR TO MONTH")]),
    "day-time interval": ("INTERVAL DAY TO SECOND", True,
                          [('"INTERVAL \'1 02:03:04\' DAY TO SECOND"', SAME, "INTERVAL '1 02:03:04' DAY TO SECOND")]),
    "struct": ("STRUCT<a: INT, b: STRING>", True, [('{"a":1,"b":"x"}', SAME, "{1, x}"),
                                                   ('{"b":"y"}', SAME, "{NULL, y}")]),
    "array": ("ARRAY<BIGINT>", True, [("[1,2]", SAME, "[1, 2]"), ("[]", SAME, "[]"), ("[null]", SAME, "[NULL]")]),
    "map": ("MAP<STRING, INT>", False, [('{"k":1}', SAME, "{k -> 1}")]),
    "nested": ("ARRAY<STRUCT<t: TIMESTAMP, m: MAP<STRING, ARRAY<DOUBLE>>>>", False,
               [('[{"t":"2016-07-25T21:00:00.000Z","m":{"x":[1.5,2.0]}}]', SAME,
                 "[{2016-07-25 21:00:00, {x -> [1.5, 2.0]}}]")]),
    "variant": ("VARIANT", False, [('{"a":[1,"x",null]}', SAME, '{"a":[1,"x",null]}')]),
    "void": ("VOID", False, []),
}
CONF = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": 3,
        "spark.sql.streaming.stateStore.minDeltasForSnapshot": 2, "spark.sql.timeType.enabled": "true"}
FILES = 5


def write_file(directory, number, values):
    """Each value once, and a null, a file."""
    lines = [f'{{"v":{value}}}\n' for value, _, _ in values] + ['{"v":null}\n']
    (directory / f"f{number}.json").write_text("".join(lines), encoding="utf-8")


def shown(values):
    return sorted([cell for _, _, cell in values] + ["NULL"])


def check_state(suite, name, ddl, values):
    """Groups by the type over batches and restarts: counts and maxima of every key."""
    place = suite.make_directory(f"{name} state")
    (place / "in").mkdir()
    job = weirlib.write_job(
        place / "job.yaml", {"s": weirlib.json_source(f"v {ddl}", "in", maxFilesPerTrigger=1)},
        [weirlib.console_query("q", "SELECT v, count(*) AS n, max(v) AS m FROM s GROUP BY coalesce(v, v), v",
                               "complete", "ck")], CONF)
    run = None
    for number in range(FILES):
        write_file(place / "in", number, values)
        if number in (1, 2, FILES - 1):  # batches of one run, and of a restart
            run = weirlib.run_job(job, place)
            suite.check(f"{name}: run {number}", run.problem())
    if run.status != 0:
        return
    tables = weirlib.split_console(run.out)
    if not suite.check(f"{name}: tables", None if tables else "none printed"):
        return
    cells = sorted(tuple(row) for row in tables[-1].cells)
    expected = sorted((cell, str(FILES), cell) for cell in shown(values))
    suite.expect_equal(f"{name}: groups", cells, expected)


def check_value_state(suite, name, ddl, values):
    """A type that cannot be a key: its first value is kept in the state, over a restart."""
    place = suite.make_directory(f"{name} value state")
    (place / "in").mkdir()
    job = weirlib.write_job(
        place / "job.yaml", {"s": weirlib.json_source(f"v {ddl}", "in", maxFilesPerTrigger=1)},
        [weirlib.console_query("q", "SELECT count(*) AS n, first(v, true) AS m FROM s", "complete", "ck")], CONF)
    run = None
    for number in range(FILES):
        write_file(place / "in", number, values)
        if number in (1, FILES - 1):
            run = weirlib.run_job(job, place)
            suite.check(f"{name}: run {number}", run.problem())
    tables = weirlib.split_console(run.out) if run.status == 0 else []
    if not suite.check(f"{name}: tables", None if tables else "none printed"):
        return
    suite.expect_equal(f"{name}: first value", [tuple(row) for row in tables[-1].cells],
                       [(str(FILES * (len(values) + 1)), values[0][2] if values else "NULL")])


def check_json(suite, name, ddl, values):
    place = suite.make_directory(f"{name} json")
    (place / "in").mkdir()
    write_file(place / "in", 0, values)
    job = weirlib.write_job(
        place / "job.yaml", {"s": weirlib.json_source(f"v {ddl}", "in")},
        [weirlib.files_query("q", "SELECT CASE WHEN v IS NULL THEN NULL ELSE v END AS v FROM s", "out", "ck")], CONF)
    run = weirlib.run_job(job, place)
    if not suite.check(f"{name}: JSON run", run.problem()):
        return
    lines = []
    for entry in weirlib.committed_files(place / "out"):
        lines += weirlib.entry_path(entry).read_text(encoding="utf-8").splitlines()
    null_line = '{"v":null}' if ddl == "VARIANT" else "{}"  # JSON's null is a value of VARIANT, not SQL's NULL
    expected = [f'{{"v":{given if out is SAME else out}}}' for given, out, _ in values] + [null_line]
    suite.expect_equal(f"{name}: JSON lines", sorted(lines), sorted(expected))


def main():
    suite = weirlib.Suite()

    def check_type(item):
        name, (ddl, is_key, values) = item
        (check_state if is_key else check_value_state)(suite, name, ddl, values)
        check_json(suite, name, ddl, values)
    suite.run_parallel(check_type, TYPES.items())
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
