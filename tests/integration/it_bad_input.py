#!/usr/bin/env python3
"""What people and the world get wrong: job specs, paths, columns, schemas, files, options, checkpoints of other
queries. Each ends soon, with one clear error that says where, and a status above 0; half-written JSON is what its mode
makes of it. SIGTERM ends cleanly after the running micro-batch, a second one at once; nothing is lost by it."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import crash_jobs
import weirlib

HANG_SECONDS = 10
ROWS = 10
COUNT = "SELECT key, count(*) AS n FROM events GROUP BY key"

# (name, text of the spec with {IN} for the input folder and {OUT} for a folder of its own, what the error must name)
GOOD = """name: job
sources:
  events:
    format: json
    schema: file INT, seq INT, key STRING, time TIMESTAMP, action STRING
    options: {path: {IN}, maxFilesPerTrigger: 1}
queries:
  - name: q
    sql: SELECT * FROM events
    trigger: {availableNow: true}
    sink: {format: console}
    checkpointLocation: {OUT}/checkpoint
"""
SPECS = [
    ("unknown key", [("    format: json", "    fromat: json")], ["job.yaml:4", "fromat", "format"]),
    ("unknown key at the top", [("name: job", "name: job\nnonsense: 1")], ["job.yaml:2", "nonsense"]),
    ("two problems at once", [("    format: json", "    fromat: json"), ("  - name: q", "  - nam: q")],
     ["job.yaml:4", "fromat", "job.yaml:8", "nam"]),
    ("wrong type", [("trigger: {availableNow: true}", "trigger: now")], ["job.yaml:10", "trigger"]),
    ("list instead of a mapping", [("{path: {IN}, maxFilesPerTrigger: 1}", "[1, 2]")], ["job.yaml:6", "options"]),
    ("missing sink", [("    sink: {format: console}\n", "")], ["job.yaml:8", "sink"]),
    ("missing queries", [(GOOD[GOOD.index("queries:"):], "")], ["queries"]),
    ("not YAML", [("name: job", "name: [job")], ["job.yaml"]),
    ("an empty file", [(GOOD, "")], ["job.yaml"]),
    ("bad output mode", [("    trigger", "    outputMode: sometimes\n    trigger")], ["job.yaml:10", "outputMode"]),
    ("bad interval", [("availableNow: true", "processingTime: soon")], ["job.yaml:10", "processingTime"]),
    ("two queries of one name", [("queries:", "queries:\n  - {name: q, sql: SELECT 1, sink: {format: noop}}")],
     ["job.yaml", "q"]),
    ("missing path", [("{IN}", "{OUT}/nowhere")], ["[PATH_NOT_FOUND]", "nowhere"]),
    ("no path", [("path: {IN}, ", "")], ["path"]),
    ("unknown column", [("SELECT *", "SELECT acton")], ["[UNRESOLVED_COLUMN.WITH_SUGGESTION]", "acton", "action",
                                                        "query q"]),
    ("unknown table", [("FROM events", "FROM evnts")], ["[TABLE_OR_VIEW_NOT_FOUND]", "evnts"]),
    ("unknown function", [("SELECT *", "SELECT nofunc(key)")], ["[UNRESOLVED_ROUTINE]", "nofunc"]),
    ("bad SQL", [("SELECT *", "SELEKT *")], ["[PARSE_SYNTAX_ERROR]", "SELEKT"]),
    ("bad schema", [("file INT", "file INTT")], ["INTT"]),
    ("schema that does not parse", [("file INT,", "file INT,,")], ["[PARSE_SYNTAX_ERROR]"]),
    ("unknown format of a source", [("format: json", "format: jsno")], ["[DATA_SOURCE_NOT_FOUND]", "jsno"]),
    ("unknown format of a sink", [("format: console", "format: consol")], ["[DATA_SOURCE_NOT_FOUND]", "consol"]),
    ("an option that is not built", [("maxFilesPerTrigger: 1", "basePath: x")], ["[UNSUPPORTED_OPTION]", "basePath"]),
    ("a bad value of cleanSource", [("maxFilesPerTrigger: 1", "cleanSource: sometimes")],
     ["clean source", "sometimes"]),
    ("a bad value of an option", [("maxFilesPerTrigger: 1", "maxFilesPerTrigger: few")], ["maxFilesPerTrigger"]),
    ("a bad value of the configuration", [("name: job", "name: job\nconf: {spark.sql.shuffle.partitions: many}")],
     ["spark.sql.shuffle.partitions", "many"]),
    ("a bad time zone", [("name: job", "name: job\nconf: {spark.sql.session.timeZone: Mars/Base}")], ["Mars/Base"]),
    ("complete mode without an aggregation", [("    trigger", "    outputMode: complete\n    trigger")],
     ["[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION]"]),
    ("a table", [("sink: {format: console}", "sink: {table: t}")], ["[NOT_SUPPORTED]", "table"]),
    ("an output path that is a file",
     [("sink: {format: console}", "sink: {format: json, options: {path: {IN}/file-0000.json}}")],
     ["file-0000.json"]),
    ("a checkpoint that is a file", [("{OUT}/checkpoint", "{IN}/file-0000.json")], ["file-0000.json"]),
]

ARGUMENTS = [
    ("no job", ["run"], ["job spec is missing"]),
    ("a job that is not there", ["run", "nowhere.yaml"], ["nowhere.yaml"]),
    ("a job that is a folder", ["run", "."], ["directory"]),
    ("a bad master", ["run", "job.yaml", "--master", "yarn"], ["--master", "yarn"]),
    ("a master of another scheme", ["run", "job.yaml", "--master", "yarn://localhost:7077"],
     ["yarn://localhost:7077"]),
    ("an unknown flag", ["run", "job.yaml", "--nonsense"], ["--nonsense"]),
    ("a bad progress", ["run", "job.yaml", "--progress", "xml"], ["--progress", "xml"]),
    ("a conf without a value", ["run", "job.yaml", "--conf", "a"], ["--conf"]),
    ("an unknown command", ["rnu", "job.yaml"], ["rnu", "run"]),
    ("a command that is not built", ["sql", "-e", "SELECT 1"], ["sql", "not"]),
]


def make_good(suite, name, source, replacements=(), files=2):
    directory = suite.make_directory(name)
    (directory / "out").mkdir()
    weirlib.link_files(source, directory / "in", [f"file-{i:04d}.json" for i in range(files)])
    text = GOOD
    for old, new in replacements:
        assert old in text, (name, old)
        text = text.replace(old, new)
    text = text.replace("{IN}", str(directory / "in")).replace("{OUT}", str(directory / "out"))
    (directory / "job.yaml").write_text(text)
    return directory


def check_specs(suite, source):
    directory = make_good(suite, "good", source)
    run = weirlib.run_job("job.yaml", directory, seconds_max=HANG_SECONDS)
    suite.check("the good spec", run.problem() or (None if "Batch: 1" in run.out else "no second batch"))
    for name, replacements, needles in SPECS:
        directory = make_good(suite, name, source, replacements)
        run = weirlib.run_job("job.yaml", directory, seconds_max=HANG_SECONDS)
        suite.check(f"spec: {name}", weirlib.clear_error(run, *needles) or
                    (None if not run.out else f"something ran: {weirlib.shorten(run.out)}"))
    for name, arguments, needles in ARGUMENTS:
        run = weirlib.run_weir(arguments, directory, seconds_max=HANG_SECONDS)
        suite.check(f"arguments: {name}", weirlib.clear_error(run, *needles))


# ---- files ----

def check_unreadable(suite, source):
    """A name that looks like input but cannot be read as a file."""
    cases = {
        "a folder named like a file": (lambda d: (d / "in/x.json").mkdir(), 0, None),
        "a link that leads nowhere": (lambda d: (d / "in/x.json").symlink_to("nowhere.json"), 0, None),
        "a link to itself": (lambda d: (d / "in/x.json").symlink_to("x.json"), None, "x.json"),
        "gzip by name only": (lambda d: (d / "in/x.json.gz").write_bytes(b"{}\n"), 1, "x.json.gz"),
        "a cut gzip file": (lambda d: (d / "in/x.json.gz").write_bytes(cut_gzip()), 1, "x.json.gz"),
        "zstd by name only": (lambda d: (d / "in/x.json.zst").write_bytes(b"{}\n"), 1, "x.json.zst"),
    }
    for name, (make, status, needle) in cases.items():
        directory = make_good(suite, name, source)
        make(directory)
        run = weirlib.run_job("job.yaml", directory, seconds_max=HANG_SECONDS)
        if status == 0 or (status is None and run.status == 0):
            problem = run.problem() or (None if "Batch: 1" in run.out else "no second batch")
        else:
            problem = weirlib.clear_error(run, needle)
        suite.check(f"file: {name}", problem)


def cut_gzip():
    import gzip
    return gzip.compress(b'{"file":1,"seq":2}\n' * 500)[:-20]


HALF = b'{"file":1,"seq":1,"key":"a"}\n{"file":1,"seq":2,"ke'


def check_half_written(suite, source):
    """A file whose last line was cut: its modes."""
    for mode, rows in (("PERMISSIVE", ["1|1", "NULL|NULL"]), ("DROPMALFORMED", ["1|1"]), ("FAILFAST", None)):
        directory = make_good(suite, f"half-written {mode}", source, [
            ("maxFilesPerTrigger: 1", f"mode: {mode}"), ("SELECT *", "SELECT file, seq")], files=0)
        (directory / "in/x.json").write_bytes(HALF)
        run = weirlib.run_job("job.yaml", directory, seconds_max=HANG_SECONDS)
        if rows is None:
            suite.check(f"half-written, {mode}",
                        weirlib.clear_error(run, "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION]"))
            commits = directory / "out/checkpoint/commits"
            suite.check("half-written, FAILFAST commits nothing",
                        None if not weirlib.numbered(commits) else f"{weirlib.numbered(commits)}")
            (directory / "in/x.json").write_bytes(HALF[:28] + b"\n")
            run = weirlib.run_job("job.yaml", directory, seconds_max=HANG_SECONDS)
            suite.check("half-written, FAILFAST goes on once the file is right", run.problem() or
                        (None if "Batch: 0" in run.out else "no batch 0"))
            continue
        problem = run.problem()
        if not problem:
            got = ["|".join(cells) for table in weirlib.split_console(run.out) for cells in table.cells]
            problem = None if got == rows else f"rows {got}, not {rows}"
        suite.check(f"half-written, {mode}", problem)


# ---- checkpoints ----

def check_other_query(suite, source):
    """A checkpoint refuses every query but its own, and is none the worse for it."""
    names = [f"file-{i:04d}.json" for i in range(3)]
    first = {"events": weirlib.json_source(weirlib.NUMBERED_SCHEMA, "in", maxFilesPerTrigger=1)}
    changes = {
        "other keys": (COUNT.replace("key", "action"), "update", first),
        "another aggregate": (COUNT.replace("count(*)", "sum(seq)"), "update", first),
        "one aggregate more": (COUNT.replace("count(*)", "max(seq) AS m, count(*)"), "update", first),
        "no aggregation": ("SELECT key FROM events", "append", first),
        "the same aggregate of another column": ("SELECT key, max(file) AS n FROM events GROUP BY key", "update", first,
                                                 "SELECT key, max(seq) AS n FROM events GROUP BY key"),
        "keys of another meaning": ("SELECT upper(key) AS key, count(*) AS n FROM events GROUP BY upper(key)",
                                    "update", first,
                                    "SELECT lower(key) AS key, count(*) AS n FROM events GROUP BY lower(key)"),
        "another window": ("SELECT window(time, '2 hours') AS w, count(*) AS n FROM events "
                           "GROUP BY window(time, '2 hours')", "update", first,
                           "SELECT window(time, '1 hour') AS w, count(*) AS n FROM events "
                           "GROUP BY window(time, '1 hour')"),
        "another source path": (COUNT, "update", {
            "events": weirlib.json_source(weirlib.NUMBERED_SCHEMA, "other", maxFilesPerTrigger=1)}),
        "another type of the key": (COUNT, "update", {"events": weirlib.json_source(
            weirlib.NUMBERED_SCHEMA.replace("key STRING", "key BINARY"), "in", maxFilesPerTrigger=1)}),
    }
    for name, (sql, mode, sources, *own) in changes.items():
        directory = suite.make_directory("checkpoint " + name)
        weirlib.link_files(source, directory / "in", names[:2])
        weirlib.link_files(source, directory / "other", names)
        good = weirlib.write_job(directory / "job.yaml", first,
                                 [weirlib.console_query("q", own[0] if own else COUNT, "update", "checkpoint")])
        suite.check(f"checkpoint, before {name}", weirlib.run_job(good, directory).problem())
        bad = weirlib.write_job(directory / "bad.yaml", sources,
                                [weirlib.console_query("q", sql, mode, "checkpoint")])
        weirlib.link_files(source, directory / "in", names[2:])
        run = weirlib.run_job(bad, directory, seconds_max=HANG_SECONDS)
        problem = weirlib.clear_error(run, "[CHECKPOINT_MISMATCH]", "checkpoint")
        suite.check(f"checkpoint: {name}", problem or (None if not run.out else f"rows came out:\n{run.out}"))
        run = weirlib.run_job(good, directory)
        suite.check(f"checkpoint, after {name}", run.problem() or
                    (None if "Batch: 2" in run.out else "the query does not go on"))


def check_allowed_changes(suite, source):
    """What may change over one checkpoint: filters, names and order of results, the mode, options, the format."""
    names = [f"file-{i:04d}.json" for i in range(4)]
    sources = {"events": weirlib.json_source(weirlib.NUMBERED_SCHEMA, "in", maxFilesPerTrigger=1)}
    directory = suite.make_directory("allowed changes")
    weirlib.link_files(source, directory / "in", names[:1])
    steps = [
        ("the query", COUNT, "update"),
        ("a filter", COUNT.replace("GROUP", "WHERE seq >= 0 GROUP"), "update"),
        ("other names", "SELECT count(1) + 0 AS many, e.KEY AS who FROM events e GROUP BY e.Key", "update"),
        ("complete mode and an order", COUNT + " ORDER BY key", "complete"),
    ]
    for number, (name, sql, mode) in enumerate(steps):
        job = weirlib.write_job(directory / "job.yaml", sources,
                                [weirlib.console_query("q", sql, mode, "checkpoint")])
        if number:
            weirlib.link_files(source, directory / "in", names[number:number + 1])
        run = weirlib.run_job(job, directory)
        suite.check(f"a change that is allowed: {name}", run.problem() or
                    (None if f"Batch: {number}\n" in run.out else "the query does not go on"))
    counts = [int(cells[1]) for cells in weirlib.split_console(run.out)[0].cells]
    suite.expect_equal("changes that are allowed keep the state", sum(counts), len(names) * ROWS)


def check_output_of_another(suite, source):
    directory = suite.make_directory("output of another")
    job = crash_jobs.CrashJob("files", directory)
    weirlib.link_files(source, job.input)
    suite.check("an output folder, first query", job.run().problem())
    before = weirlib.read_sink(job.output)
    shutil.rmtree(job.checkpoint)
    run = job.run(seconds_max=HANG_SECONDS)
    suite.check("an output folder of another checkpoint", weirlib.clear_error(run, "[CHECKPOINT_MISMATCH]", "out"))
    suite.expect_equal("an output folder of another checkpoint stays", weirlib.read_sink(job.output), before)


# ---- signals ----

class Started:
    """A job that has begun: a process with its output in files."""

    def __init__(self, job, directory, env=None):
        self.out, self.err = directory / "stdout.txt", directory / "stderr.txt"
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = subprocess.Popen(
                [weirlib.WEIR, "run", str(job), "--master", "local[2]", "--progress", "none"], cwd=directory,
                env=weirlib.make_environment(env), stdout=out, stderr=err)

    def wait_for(self, file, pattern, seconds=HANG_SECONDS):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            if re.search(pattern, file.read_text()):
                return True
            time.sleep(0.005)
        return False

    def end(self):
        """Status, or "hung"."""
        try:
            return self.process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "hung"


def unlimited_job(kind, directory, source, trigger):
    job = crash_jobs.CrashJob(kind, directory)
    spec = json.loads(job.job.read_text())
    spec["queries"][0]["trigger"] = trigger
    if not trigger:
        del spec["queries"][0]["trigger"]
    job.job.write_text(json.dumps(spec))
    weirlib.link_files(source, job.input)
    return job


def check_sigterm(suite, source, reference, files):
    for number, (sent, trigger) in enumerate([(signal.SIGTERM, {}), (signal.SIGINT, {}),
                                              (signal.SIGTERM, {"processingTime": "1 hour"}),
                                              (signal.SIGTERM, {"processingTime": "5 milliseconds"})]):
        name = f"{sent.name} with trigger {trigger or 'none'}"
        job = unlimited_job("complete", suite.make_directory(f"signal {number}"), source, trigger)
        started = Started(job.job, job.directory)
        suite.check(f"{name}: runs", None if started.wait_for(started.out, "Batch: 0") else started.err.read_text())
        started.process.send_signal(sent)
        suite.expect_equal(f"{name}: status", started.end(), 0)
        suite.check(f"{name}: checkpoint", weirlib.verify_checkpoint(job.checkpoint, crash_jobs.RETAIN))
        job = crash_jobs.CrashJob("complete", job.directory)  # availableNow again, over the same checkpoint
        job.printed = [started.out.read_text()]
        suite.check(f"{name}: goes on to the true output", job.finish() or
                    job.compare(reference, crash_jobs.expected_rows(files, ROWS)))


def check_signal_while_planning(suite, source):
    """The signal comes when the offsets of a batch are written: that batch is the running one, and is committed."""
    if not weirlib.has_failpoints():
        return
    job = unlimited_job("files", suite.make_directory("signal while planning"), source, {})
    started = Started(job.job, job.directory, {"WEIR_FAIL": "P1.after:delay@3"})
    suite.check("signal while planning: runs", None if started.wait_for(started.err, "P1.after fired") else "no")
    started.process.send_signal(signal.SIGTERM)
    suite.expect_equal("signal while planning: status", started.end(), 0)
    suite.check("signal while planning: checkpoint", weirlib.verify_checkpoint(job.checkpoint, crash_jobs.RETAIN))
    suite.expect_equal("signal while planning: its batch is committed",
                       weirlib.numbered(job.checkpoint / "commits")[-1], 2)


def check_second_signal(suite, source, files):
    """The batch hangs in a delay when the signals come: the second one does not wait for it."""
    if not weirlib.has_failpoints():
        print("no failpoints in this build: the second signal is not tested")
        return
    job = unlimited_job("files", suite.make_directory("second signal"), source, {})
    started = Started(job.job, job.directory, {"WEIR_FAIL": "P3.mid:delay@3"})
    suite.check("second signal: runs", None if started.wait_for(started.err, "P3.mid fired") else "it does not")
    started.process.send_signal(signal.SIGTERM)
    started.wait_for(started.err, "stopping after")
    started.process.send_signal(signal.SIGTERM)
    suite.expect_equal("second signal: status", started.end(), 0)
    commits = weirlib.numbered(job.checkpoint / "commits")
    suite.check("second signal: the running batch is not committed",
                None if commits and commits[-1] == 1 else f"commits {commits}")
    job = crash_jobs.CrashJob("files", job.directory)
    suite.check("second signal: goes on", job.finish() or job.compare("", crash_jobs.expected_rows(files, ROWS)))


def check_lost_output(suite, source):
    """Standard output that takes nothing."""
    job = crash_jobs.CrashJob("complete", suite.make_directory("full output"))
    weirlib.link_files(source, job.input)
    with open("/dev/full", "wb") as full, open(job.directory / "err.txt", "wb") as err:
        status = subprocess.run([weirlib.WEIR, "run", str(job.job), "--progress", "none"], stdout=full, stderr=err,
                                timeout=HANG_SECONDS, check=False, env=weirlib.make_environment()).returncode
    run = weirlib.Run(status, "", (job.directory / "err.txt").read_text(), 0, False)
    suite.check("a full standard output", weirlib.clear_error(run, "No space left"))
    reader, writer = os.pipe()
    os.close(reader)
    with open(job.directory / "err2.txt", "wb") as err:
        status = subprocess.run([weirlib.WEIR, "run", str(job.job), "--progress", "none"], stdout=writer, stderr=err,
                                timeout=HANG_SECONDS, check=False, env=weirlib.make_environment()).returncode
    os.close(writer)
    run = weirlib.Run(status, "", pathlib.Path(job.directory / "err2.txt").read_text(), 0, False)
    # As other programs do: killed by SIGPIPE, or an error.
    suite.check("a closed standard output", None if status == -signal.SIGPIPE else weirlib.clear_error(run))
    suite.check("goes on after a lost output", job.finish())


def main():
    suite = weirlib.Suite()
    files = 6
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, files, ROWS)
    reference = crash_jobs.CrashJob("complete", suite.make_directory("undisturbed"))
    weirlib.link_files(source, reference.input)
    run = reference.run()
    suite.check("undisturbed run", run.problem())
    check_specs(suite, source)
    check_unreadable(suite, source)
    check_half_written(suite, source)
    check_other_query(suite, source)
    check_allowed_changes(suite, source)
    check_output_of_another(suite, source)
    check_sigterm(suite, source, run.out, files)
    check_signal_while_planning(suite, source)
    check_second_signal(suite, source, files)
    check_lost_output(suite, source)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
