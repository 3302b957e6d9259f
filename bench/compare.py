#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Time Weir, Spark and DuckDB side by side on the same events; write a markdown table.

    python bench/compare.py --weir build/release/weir --data build/bench/events [--out bench/RESULTS.md]

The sides alternate within each round; the median of --runs (5) counts. Every result is checked against an
independent count before a time is reported. Weir is timed as a whole command, Spark as a warm query (one session,
one run before the first that counts, a fresh checkpoint each), DuckDB as a batch query on 2 threads in a process of
its own, its start not counted. Needs pyspark, duckdb (tests/peer/run_peer.sh makes the environment) and Java 17.
"""

import argparse
import calendar
import collections
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SCHEMA = "time TIMESTAMP, action STRING"
WINDOWED = (
    "SELECT action, window(time, '1 hour') AS window, count(*) AS count "
    "FROM events GROUP BY action, window(time, '1 hour')"
)
KEYED = "SELECT unix_timestamp(time) AS key, count(*) AS count FROM events GROUP BY unix_timestamp(time)"
DUCK = {
    "windowed": "SELECT action, time // 3600 AS h, count(*) FROM {src} GROUP BY ALL",
    "keyed": "SELECT time, count(*) FROM {src} GROUP BY ALL",
}


def make_data(weir, data, rows, files):
    """Events by `weir gen events`, or equal ones of our own where there is no binary."""
    if glob.glob(os.path.join(data, "*.json")):
        return
    os.makedirs(data, exist_ok=True)
    if weir:
        command = [
            weir,
            "gen",
            "events",
            "--rows",
            str(rows),
            "--seed",
            "1",
            "--files",
            str(files),
            "--format",
            "json",
            data,
        ]
        if subprocess.run(command).returncode == 0 and glob.glob(os.path.join(data, "*.json")):
            return
        print("weir gen failed; making the data here", file=sys.stderr)
    each = rows // files
    for number in range(files):
        with open(os.path.join(data, "events-%05d.json" % number), "w", encoding="ascii") as out:
            first = number * each
            last = rows if number == files - 1 else first + each
            out.writelines(
                '{"time":%d,"action":"%s"}\n'
                % (1469501107 + i * 180000 // rows, "Open" if (i * 2654435761 >> 7) & 1 else "Close")
                for i in range(first, last)
            )


def expected(data):
    """The counts, by plain Python."""
    windows, keys = collections.Counter(), collections.Counter()
    pattern = re.compile(rb'"time":\s*(\d+),\s*"action":\s*"(\w+)"')
    for path in sorted(glob.glob(os.path.join(data, "*.json"))):
        with open(path, "rb") as source:
            text = source.read()
        pairs = pattern.findall(text)
        if len(pairs) != text.count(b"\n"):
            raise SystemExit("%s: a line is no {time, action} event" % path)
        for (second, action), n in collections.Counter(pairs).items():
            windows[action.decode(), int(second) // 3600] += n
            keys[int(second)] += n
    return windows, keys


def job_text(name, data, sql, mode, per_trigger, sink, checkpoint):
    """A job spec; JSON is valid YAML."""
    options = {"path": data}
    if per_trigger:
        options["maxFilesPerTrigger"] = per_trigger
    job = {
        "name": name,
        "conf": {"spark.sql.shuffle.partitions": 2, "spark.sql.session.timeZone": "UTC"},
        "sources": {"events": {"format": "json", "schema": SCHEMA, "options": options}},
        "queries": [
            {
                "name": name,
                "sql": sql,
                "outputMode": mode,
                "trigger": {"availableNow": True},
                "sink": sink,
                "checkpointLocation": checkpoint,
            }
        ],
    }
    return json.dumps(job, indent=1)


def console_tables(text):
    """The tables of a console output: a list (one a batch) of lists of rows of cells."""
    tables = []
    for part in re.split(r"(?m)^-{43}\nBatch: \d+\n-{43}\n", text)[1:]:
        lines = [line for line in part.split("\n") if line.startswith("|")]
        tables.append([[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]])
    return tables


def windows_of(rows):
    out = collections.Counter()
    for action, window, count in rows:
        start = time.strptime(window.strip("{}").split(",")[0], "%Y-%m-%d %H:%M:%S")
        out[action, calendar.timegm(start) // 3600] += int(count)
    return out


def high_water_mb(pid, seen):
    """The peak resident memory of a process's own image: rusage would count this script's, before the exec."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return max(seen, int(line.split()[1]) / 1024)
    except OSError:
        pass
    return seen


def measured(command, stdout=subprocess.DEVNULL):
    """Run a command; (seconds, peak RSS in MB as seen every 2 ms, status)."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=stdout, stderr=errors)
        peak = 0
        while process.poll() is None:
            peak = high_water_mb(process.pid, peak)
            time.sleep(0.002)
        seconds = time.monotonic() - begun
        if process.returncode:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError("%s: status %d\n%s" % (" ".join(command), process.returncode, text))
    return seconds, peak


class Weir:
    def __init__(self, binary, scratch, data):
        self.binary, self.scratch, self.data, self.number = binary, scratch, data, 0

    def run(self, sql, mode, per_trigger, sink, data=None):
        """(seconds, MB, standard output)"""
        self.number += 1
        base = os.path.join(self.scratch, "weir-%d" % self.number)
        os.makedirs(base)
        path = os.path.join(base, "job.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(
                job_text("bench", data or self.data, sql, mode, per_trigger, sink, os.path.join(base, "checkpoint"))
            )
        with open(os.path.join(base, "stdout"), "w+b") as out:
            seconds, peak = measured([self.binary, "run", path, "--master", "local[2]"], out)
            out.seek(0)
            text = out.read().decode("utf-8")
        shutil.rmtree(base)
        return seconds, peak, text


class SparkSide:
    def __init__(self, scratch, data):
        from pyspark.sql import SparkSession

        self.scratch, self.data, self.number = scratch, data, 0
        self.stdout = os.path.join(scratch, "spark.stdout")
        saved = os.dup(1)
        fd = os.open(self.stdout, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(fd, 1)
        try:
            self.session = (
                SparkSession.builder.master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .config("spark.driver.memory", "4g")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.local.dir", scratch)
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.session.timeZone", "UTC")
                .getOrCreate()
            )
        finally:
            os.dup2(saved, 1)
            os.close(saved)
            os.close(fd)
        self.session.sparkContext.setLogLevel("OFF")
        self.pid = int(self.session._jvm.java.lang.ProcessHandle.current().pid())

    def peak(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

    def run(self, sql, mode, per_trigger, sink, options=None):
        """(seconds, console text, progress of the batches that had rows)"""
        self.number += 1
        checkpoint = os.path.join(self.scratch, "spark-%d" % self.number)
        offset = os.path.getsize(self.stdout)
        begun = time.monotonic()
        reader = self.session.readStream.schema(SCHEMA)
        if per_trigger:
            reader = reader.option("maxFilesPerTrigger", per_trigger)
        reader.json(self.data).createOrReplaceTempView("events")
        writer = self.session.sql(sql).writeStream.format(sink).outputMode(mode).options(**(options or {}))
        query = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
        query.awaitTermination()
        seconds = time.monotonic() - begun
        progress = [p for p in query.recentProgress if p["numInputRows"]]
        with open(self.stdout, "rb") as out:
            out.seek(offset)
            text = out.read().decode("utf-8")
        shutil.rmtree(checkpoint, ignore_errors=True)
        return seconds, text, progress


DUCK_CODE = """
import duckdb, json, sys, time
connection = duckdb.connect()
connection.execute("SET threads = 2")
begun = time.monotonic()
rows = connection.execute(sys.argv[1]).fetchall()
seconds = time.monotonic() - begun
print(json.dumps([seconds, rows]))
"""


def duck(data, which, scratch):
    """(seconds, MB, rows)"""
    src = "read_json('%s', format='newline_delimited', columns={time: 'BIGINT', action: 'VARCHAR'})" % os.path.join(
        data, "*.json"
    )
    with open(os.path.join(scratch, "duck.stdout"), "w+b") as out:
        _, peak = measured([sys.executable, "-c", DUCK_CODE, DUCK[which].format(src=src)], out)
        out.seek(0)
        seconds, rows = json.loads(out.read())
    return seconds, peak, rows


def check(got, want, who):
    if got != want:
        raise SystemExit(
            "%s: wrong result (%d groups, %d rows; expected %d, %d)"
            % (who, len(got), sum(got.values()), len(want), sum(want.values()))
        )


def median(values):
    return statistics.median(values) if values else None


def cell(value, unit="s"):
    return "-" if value is None else ("%.3g %s" % (value, unit) if unit == "s" else "%.0f %s" % (value, unit))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weir", default="build/release/weir")
    parser.add_argument("--data", default="build/bench/events")
    parser.add_argument("--out", default="bench/RESULTS.md")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="abcd", help="which of the four parts")
    args = parser.parse_args()
    weir_path = args.weir if os.access(args.weir, os.X_OK) else None
    if not weir_path:
        print("no %s: its column stays empty" % args.weir, file=sys.stderr)
    data = os.path.abspath(args.data)
    make_data(weir_path, data, args.rows, args.files)
    windows, keys = expected(data)
    total = sum(windows.values())
    size = sum(os.path.getsize(p) for p in glob.glob(os.path.join(data, "*.json")))
    scratch = tempfile.mkdtemp(prefix="weir-bench-")
    weir = Weir(os.path.abspath(weir_path), scratch, data) if weir_path else None
    console = {"format": "console", "options": {"numRows": 1000000, "truncate": False}}
    full = {"numRows": "1000000", "truncate": "false"}
    table, notes = [], []
    try:
        spark = SparkSide(scratch, data) if set(args.only) & set("abc") else None
        for part, title, sql, mode, per_trigger, which in (
            ("a", "windowed count, one batch, complete", WINDOWED, "complete", None, "windowed"),
            ("b", "windowed count, maxFilesPerTrigger=1, complete", WINDOWED, "complete", 1, "windowed"),
            (
                "c",
                "count by %d keys, 5 batches, update" % len(keys),
                KEYED,
                "update",
                max(1, args.files // 5),
                "keyed",
            ),
        ):
            if part not in args.only:
                continue
            times = collections.defaultdict(list)
            peaks = collections.defaultdict(float)
            batch_ms = []
            keyed = part == "c"
            if keyed and weir:  # the timed runs discard their rows; this one shows them
                _, _, text = weir.run(sql, mode, per_trigger, console)
                last = collections.Counter()
                for rows in console_tables(text):
                    for key, count in rows:
                        last[int(key)] = int(count)
                check(last, keys, "weir")
            for number in range(args.runs + 1):  # the first round only warms up
                count = number > 0
                if weir:
                    seconds, peak, text = weir.run(sql, mode, per_trigger, {"format": "noop"} if keyed else console)
                    if not keyed:
                        check(windows_of(console_tables(text)[-1]), windows, "weir")
                    if count:
                        times["weir"].append(seconds)
                        peaks["weir"] = max(peaks["weir"], peak)
                seconds, text, progress = spark.run(
                    sql, mode, per_trigger, "noop" if keyed else "console", None if keyed else full
                )
                if keyed:
                    rows = sum(p["numInputRows"] for p in progress)
                    kept = progress[-1]["stateOperators"][0]["numRowsTotal"]
                    if (rows, kept) != (total, len(keys)):
                        raise SystemExit("Spark: %d rows, %d keys; expected %d, %d" % (rows, kept, total, len(keys)))
                else:
                    check(windows_of(console_tables(text)[-1]), windows, "Spark")
                if count:
                    times["Spark"].append(seconds)
                    batch_ms += [p["durationMs"]["triggerExecution"] for p in progress]
                if part != "b":
                    seconds, peak, rows = duck(data, which, scratch)
                    if keyed:
                        check(collections.Counter({k: n for k, n in rows}), keys, "DuckDB")
                    else:
                        check(collections.Counter({(a, h): n for a, h, n in rows}), windows, "DuckDB")
                    if count:
                        times["DuckDB"].append(seconds)
                        peaks["DuckDB"] = max(peaks["DuckDB"], peak)
                print(
                    "%s round %d: %s" % (part, number, {k: round(v[-1], 3) for k, v in times.items()}),
                    file=sys.stderr,
                    flush=True,
                )
            peaks["Spark"] = spark.peak()
            w, s, d = (median(times[k]) for k in ("weir", "Spark", "DuckDB"))
            table.append(
                (
                    title,
                    cell(w),
                    cell(s),
                    cell(d),
                    "-" if not w else "%.1fx" % (s / w),
                    "-" if not w or not d else "%.2fx" % (d / w),
                    " / ".join(cell(peaks[k] or None, "MB") for k in ("weir", "Spark", "DuckDB")),
                )
            )
            if part == "b":
                notes.append("Spark's median micro-batch in (b): %d ms." % median(batch_ms))
        if "d" in args.only and weir:
            empty = os.path.join(scratch, "empty")
            os.mkdir(empty)
            runs = [
                weir.run("SELECT * FROM events", "append", None, {"format": "console"}, empty)
                for _ in range(max(args.runs, 5) * 4)
            ]
            table.append(
                (
                    "start: availableNow job on an empty folder",
                    cell(median([r[0] for r in runs])),
                    "-",
                    "-",
                    "-",
                    "-",
                    "%.1f MB" % max(r[1] for r in runs),
                )
            )
        if spark:
            spark.session.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        cwd=os.path.dirname(os.path.abspath(__file__)),
    ).stdout.strip()
    durable = durable_create(os.path.dirname(data))
    import duckdb
    import pyspark

    others = ""  # sections of other programs
    if os.path.exists(args.out):
        with open(args.out, encoding="utf-8") as old:
            others = re.sub(r"\A.*?(?=^## |\Z)", "", old.read(), flags=re.M | re.S)
    with open(args.out, "w", encoding="utf-8") as out:
        out.write("# Weir beside Spark and DuckDB\n\n")
        out.write(
            "Written by `bench/compare.py`; commit %s; %d cores; Spark %s (local[2], warm), "
            "DuckDB %s (2 threads); %d events, "
            "%d files, %.0f MB; median of %d, sides alternating, every result checked. "
            "Weir's time is the whole command. A durable file create on this disk: %.2f ms. %s\n\n"
            % (
                commit,
                os.cpu_count(),
                pyspark.__version__,
                duckdb.__version__,
                total,
                len(glob.glob(os.path.join(data, "*.json"))),
                size / 1e6,
                args.runs,
                durable,
                " ".join(notes),
            )
        )
        out.write(
            "| work | Weir | Spark | DuckDB | Spark / Weir | DuckDB / Weir | "
            "peak memory (Weir / Spark / DuckDB) |\n|---|---|---|---|---|---|---|\n"
        )
        for line in table:
            out.write("| " + " | ".join(line) + " |\n")
        out.write("\n" + others if others else "")
    with open(args.out, encoding="utf-8") as out:
        print(out.read())


def durable_create(directory):
    """Median milliseconds of create, fsync, rename-free publish and directory fsync."""
    base = tempfile.mkdtemp(dir=directory)
    folder = os.open(base, os.O_RDONLY)
    times = []
    for number in range(30):
        begun = time.monotonic()
        fd = os.open(os.path.join(base, "t%d" % number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, b"x" * 500)
        os.fsync(fd)
        os.close(fd)
        os.link(os.path.join(base, "t%d" % number), os.path.join(base, "f%d" % number))
        os.unlink(os.path.join(base, "t%d" % number))
        os.fsync(folder)
        times.append((time.monotonic() - begun) * 1000)
    os.close(folder)
    shutil.rmtree(base)
    return statistics.median(times)


if __name__ == "__main__":
    main()
