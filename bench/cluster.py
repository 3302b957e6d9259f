#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Times a cluster of real processes: recovery, scaling, what idling costs, micro-batch latency; writes its section of
bench/RESULTS.md.

    bench/cluster.py [--weir build/release/weir] [--only abcd] [--runs 5] [--rows 40000000] [--out bench/RESULTS.md]

a  the longest gap between commits when an executor is killed, stopped, or the driver killed and started again, under
   load; and whether anybody is taken for lost while the machine is busy
b  1, 2 and 4 executors, each held to a quarter of a core by a cgroup's cpu quota, the driver outside of it
c  an idle driver and an idle executor: resident memory, processor time, wake-ups
d  the same small micro-batches on a cluster of two executors over tcp and in local mode

Sides alternate within each round; the median of --runs counts; every result is checked before a time is reported.
"""

import argparse
import collections
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMA = "time TIMESTAMP, action STRING"
WINDOWED = ("SELECT action, window(time, '1 hour') AS window, count(*) AS count FROM events "
            "GROUP BY action, window(time, '1 hour')")
HEADING = "## Cluster"
BUSY = 8
IDLE_SECONDS = 10
QUOTA, PERIOD = 5000, 20000  # microseconds: a quarter of a core


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weir", default=str(ROOT / "build/release/weir"))
    parser.add_argument("--only", default="abcd")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=40_000_000)
    parser.add_argument("--out", default=str(ROOT / "bench/RESULTS.md"))
    return parser.parse_args()


ARGUMENTS = parse_arguments()
os.environ["WEIR"] = os.path.abspath(ARGUMENTS.weir)
sys.path.insert(0, str(ROOT / "tests/integration"))
# pylint: disable=wrong-import-position
import clusterlib  # noqa: E402
import weirlib  # noqa: E402


def median(values):
    return statistics.median(values)


def progress_of(text, name=None):
    """The progress events of a job's standard error."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [p for p in found if name in (None, p.get("name"))]


def make_events(scratch, rows, files):
    """Events below build/bench, made once."""
    target = ROOT / f"build/bench/cluster-events-{rows}-{files}"
    if not target.is_dir():
        part = pathlib.Path(str(target) + ".part")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run([weirlib.WEIR, "gen", "events", "--rows", str(rows), "--seed", "1", "--files", str(files),
                        "--format", "json", str(part)], check=True, cwd=scratch)
        part.rename(target)
    return target


def windowed_job(directory, data, per_trigger, partitions, endless=False):
    sink = {"format": "console", "options": {"numRows": 1000000, "truncate": False}}
    query = {"name": "q", "sql": WINDOWED, "outputMode": "complete", "sink": sink,
             "checkpointLocation": str(directory / "checkpoint")}
    if not endless:
        query["trigger"] = {"availableNow": True}
    options = {"path": str(data), "maxFilesPerTrigger": per_trigger}
    conf = {"spark.sql.shuffle.partitions": partitions, "spark.sql.session.timeZone": "UTC",
            "spark.sql.streaming.minBatchesToRetain": 100000}
    return weirlib.write_job(directory / "job.yaml",
                             {"events": {"format": "json", "schema": SCHEMA, "options": options}}, [query], conf)


def counts_of(text):
    """{(action, window): count} of the last table."""
    return {(row[0], row[1]): int(row[2]) for row in weirlib.split_console(text)[-1].cells}


# ---- a: recovery ----

class Recovery:
    """One endless job over a backlog of small batches; something happens in its midst; gaps between its commits."""

    FILES, ROWS_A_FILE = 1500, 4000

    def __init__(self, scratch):
        self.scratch = scratch
        self.data = make_events(scratch, self.FILES * self.ROWS_A_FILE, self.FILES)
        self.number = 0

    def run(self, disturb, seconds_before=0.8, seconds_after=2.2):
        """(longest gap around the disturbance, the longest before it), in s; disturb(cluster) returns when it is
        done."""
        self.number += 1
        directory = self.scratch / f"recovery-{self.number}"
        directory.mkdir()
        job = windowed_job(directory, self.data, 1, 4, endless=True)
        with clusterlib.Cluster(directory / "cluster", executors=3, job=job, driver_arguments=["--progress", "none"]) \
                as cluster:
            commits = directory / "checkpoint/commits"
            clusterlib.wait_for(lambda: len(cluster.live_executors()) == 3, "executors")
            clusterlib.wait_for(lambda: commits.is_dir() and len(weirlib.numbered(commits)) > 20, "batches")
            time.sleep(seconds_before)
            at = time.time()
            extra = disturb(cluster)
            time.sleep(seconds_after)
            cluster.driver.terminate()
            if cluster.driver.wait(20) != 0:
                raise SystemExit(cluster.driver.describe())
            self.check(directory, [p.out for p in [*cluster.retired, cluster.driver] if p.arguments[0] == "driver"])
        times = sorted((commits / str(n)).stat().st_mtime for n in weirlib.numbered(commits))
        shutil.rmtree(directory)
        gaps = list(zip(times, [b - a for a, b in zip(times, times[1:])]))
        before = [gap for start, gap in gaps if start + gap < at]
        after = [gap for start, gap in gaps if start + gap >= at]
        return max(after), max(before), extra

    def check(self, directory, texts):
        """The last table counts the events of the committed batches, no more and no less."""
        batches = len(weirlib.numbered(directory / "checkpoint/commits"))
        if batches >= self.FILES:
            raise SystemExit("the backlog was too short to measure in")
        got = sum(counts_of(texts[-1]).values())
        if got != batches * self.ROWS_A_FILE:
            raise SystemExit(f"{got} events counted in {batches} batches of {self.ROWS_A_FILE}")
        problem = weirlib.verify_checkpoint(directory / "checkpoint", 100000, expect_done=False)
        if problem:
            raise SystemExit(weirlib.shorten(problem))


def kill_executor(cluster):
    cluster.executors[0].kill()


def kill_driver(cluster):
    cluster.driver.kill()
    cluster.start_driver()


def stop_executor(cluster):
    """Seconds until it was found out."""
    victim, started = cluster.executors[0], time.monotonic()
    victim.pause()
    clusterlib.wait_for(lambda: len((cluster.driver.status() or {}).get("executors", "...")) < 3, "a lost executor", 10)
    found = time.monotonic() - started
    victim.resume()
    return found


def nothing(_cluster):
    time.sleep(0.5)


def part_recovery(scratch, runs):
    recovery = Recovery(scratch)
    cases = (("nothing", nothing, 1), ("an executor of three killed (SIGKILL)", kill_executor, 1.0),
             ("the driver killed and started again", kill_driver, 2.0),
             ("an executor of three stopped (SIGSTOP)", stop_executor, 2.0))
    gaps, found = collections.defaultdict(list), []
    for number in range(runs):
        for title, disturb, _ in cases:
            after, before, extra = recovery.run(disturb)
            gaps[title].append((after, before))
            if extra is not None:
                found.append(extra)
            print(f"a {number}: {title}: gap {after:.3f} s, before {before:.3f} s", flush=True)
    lines = ["| what happens under load | longest gap between commits, median of runs | worst run | "
             "beyond the longest gap before, median | gate |", "|---|---|---|---|---|"]
    for title, _, gate in cases:
        after = [a for a, _ in gaps[title]]
        beyond = [max(0.0, a - b) for a, b in gaps[title]]
        lines.append(f"| {title} | {median(after):.3f} s | {max(after):.3f} s | {median(beyond):.3f} s | "
                     f"{'-' if title == 'nothing' else f'{gate:.0f} s'} |")
    lines.append("")
    lines.append(f"A stopped executor was taken for lost after {median(found):.2f} s (median), {max(found):.2f} s "
                 f"(worst), as `weir status` shows it. " + false_alarms(scratch))
    return lines


def false_alarms(scratch, seconds=20):
    """Nobody may be taken for lost while BUSY processes keep the processors busy."""
    directory = scratch / "busy"
    directory.mkdir()
    recovery = Recovery(scratch)
    job = windowed_job(directory, recovery.data, 1, 4, endless=True)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
    try:
        with clusterlib.Cluster(directory / "cluster", executors=3, job=job, driver_arguments=["--progress", "none"]) \
                as cluster:
            clusterlib.wait_for(lambda: len(cluster.live_executors()) == 3, "executors")
            time.sleep(seconds)
            members = cluster.driver.status(20)["membership"]
            batches = len(weirlib.numbered(directory / "checkpoint/commits"))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    shutil.rmtree(directory)
    return (f"With {BUSY} busy processes beside on {os.cpu_count()} cores, for {seconds} s and {batches} batches: "
            f"{members['lost']} executors taken for lost, {members['heartbeatsFenced']} heartbeats refused.")


# ---- b: scaling ----

class Quota:
    """A cgroup (version 1 or 2) with a cpu quota for one process, before whom what else runs on the machine has to
    wait: so the quota is what limits it, not the neighbours. `limited` is false for the driver."""

    def __init__(self, name, limited=True):
        self.one = pathlib.Path("/sys/fs/cgroup/cpu")
        self.path = (self.one if (self.one / "cpu.cfs_quota_us").exists() else pathlib.Path("/sys/fs/cgroup")) / name
        self.path.mkdir()
        if (self.path / "cpu.cfs_quota_us").exists():
            (self.path / "cpu.shares").write_text("262144")
            if limited:
                (self.path / "cpu.cfs_period_us").write_text(str(PERIOD))
                (self.path / "cpu.cfs_quota_us").write_text(str(QUOTA))
        else:
            (self.path / "cpu.weight").write_text("10000")
            if limited:
                (self.path / "cpu.max").write_text(f"{QUOTA} {PERIOD}")

    def add(self, pid):
        (self.path / "cgroup.procs").write_text(str(pid))

    def throttled(self):
        """Periods in which it was held back."""
        text = (self.path / "cpu.stat").read_text()
        return int(re.search(r"nr_throttled (\d+)", text).group(1))

    def close(self):
        for _ in range(100):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scale_once(scratch, data, executors, expected):
    """(rows a second, processor seconds of the executors, of the driver, share of the quota that they used)"""
    directory = scratch / f"scale-{executors}-{time.monotonic_ns()}"
    directory.mkdir()
    job = windowed_job(directory, data, 20, 8)
    quotas = [Quota(f"weir-bench-{os.getpid()}-{n}") for n in range(executors)]
    driver_group = Quota(f"weir-bench-{os.getpid()}-driver", limited=False)
    try:
        with clusterlib.Cluster(directory / "cluster", executors=executors) as cluster:
            for quota, executor in zip(quotas, cluster.executors):
                quota.add(executor.pid)
            driver_group.add(cluster.driver.pid)
            before = [cpu_seconds(e.pid) for e in cluster.executors], cpu_seconds(cluster.driver.pid)
            run = cluster.submit(job, 300, progress="json")
            used = [cpu_seconds(e.pid) - b for e, b in zip(cluster.executors, before[0])]
            driver = cpu_seconds(cluster.driver.pid) - before[1]
            throttled = [quota.throttled() for quota in quotas]
    finally:
        for quota in [*quotas, driver_group]:
            quota.close()
    if run.status or counts_of(run.out) != expected or not all(throttled):
        raise SystemExit(f"{executors} executors: {run.describe()}; throttled {throttled}")
    shutil.rmtree(directory)
    events = progress_of(run.err, "q")
    seconds = sum(p["durationMs"]["triggerExecution"] for p in events) / 1000
    rows = sum(p["numInputRows"] for p in events)
    return rows / seconds, sum(used), driver, sum(used) / (seconds * executors * QUOTA / PERIOD)


def part_scaling(scratch, runs):
    data = make_events(scratch, ARGUMENTS.rows, 40)
    directory = scratch / "scale-expected"
    directory.mkdir()
    reference = weirlib.run_job(windowed_job(directory, data, 20, 8), directory, seconds_max=300)
    expected = counts_of(reference.out)
    if sum(expected.values()) != ARGUMENTS.rows:
        raise SystemExit(reference.describe())
    results = collections.defaultdict(list)
    for number in range(runs):
        for executors in (1, 2, 4):
            results[executors].append(scale_once(scratch, data, executors, expected))
            print(f"b {number}: {executors}: %.0f rows/s, cpu %.2f s, driver %.2f s, share %.2f" %
                  results[executors][-1], flush=True)
    lines = [f"{ARGUMENTS.rows} events in 40 files, windowed count, complete, 2 batches, 8 state partitions; each "
             f"executor held to {QUOTA / PERIOD:.2f} of a core by a cgroup's cpu quota (period {PERIOD // 1000} ms) "
             "and before whatever else the machine does, the driver outside of it; rate = rows / time of the batches "
             "(triggerExecution).", "",
             "| executors | rows/s | per executor against one | processor time of executors | of the driver | share of "
             "the quota used |", "|---|---|---|---|---|---|"]
    base = median([r[0] for r in results[1]])
    for executors in (1, 2, 4):
        rate, used, driver, share = (median(column) for column in zip(*results[executors]))
        lines.append(f"| {executors} | {rate:,.0f} | {100 * rate / executors / base:.0f} % | {used:.2f} s | "
                     f"{driver:.2f} s | {100 * share:.0f} % |")
    return lines


# ---- c: idling ----

def sample(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    wakeups = 0
    for task in glob.glob(f"/proc/{pid}/task/*/status"):
        wakeups += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", pathlib.Path(task).read_text(), re.M).group(1))
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M).group(1)) / 1024, cpu_seconds(pid), wakeups, \
        int(re.search(r"^Threads:\s+(\d+)", status, re.M).group(1))


def part_idle(scratch, _runs):
    with clusterlib.Cluster(scratch / "idle", executors=2, cores=2) as cluster:
        time.sleep(2)
        processes = (("driver, 2 executors registered", cluster.driver), ("executor, 2 cores", cluster.executors[0]))
        before = [sample(p.pid) for _, p in processes]
        time.sleep(IDLE_SECONDS)
        after = [sample(p.pid) for _, p in processes]
    lines = ["| idle for %d s | resident memory | processor time | wake-ups a second | threads |" % IDLE_SECONDS,
             "|---|---|---|---|---|"]
    for (title, _), old, new in zip(processes, before, after):
        lines.append(f"| {title} | {new[0]:.1f} MB | {100 * (new[1] - old[1]) / IDLE_SECONDS:.2f} % of a core | "
                     f"{(new[2] - old[2]) / IDLE_SECONDS:.0f} | {new[3]} |")
    return lines


# ---- d: latency ----

def part_latency(scratch, runs):
    files, rows = 200, 500
    data = make_events(scratch, files * rows, files)
    medians = collections.defaultdict(list)
    worst = collections.defaultdict(list)
    with clusterlib.Cluster(scratch / "latency", executors=2, cores=1) as cluster:
        for number in range(runs + 1):
            for side in ("cluster", "local"):
                directory = scratch / f"latency-{side}-{number}"
                directory.mkdir()
                job = windowed_job(directory, data, 1, 2)
                run = cluster.submit(job, 120, progress="json") if side == "cluster" else \
                    weirlib.run_job(job, directory, seconds_max=120, progress="json")
                if run.status or sum(counts_of(run.out).values()) != files * rows:
                    raise SystemExit(f"{side}: {run.describe()}")
                steps = sorted(rows / p["processedRowsPerSecond"] for p in progress_of(run.err, "q"))
                if number:  # the first round warms up
                    medians[side].append(1000 * median(steps))
                    worst[side].append(1000 * steps[len(steps) * 99 // 100])
                shutil.rmtree(directory)
    lines = [f"{files} batches of {rows} rows, windowed count, complete, 2 state partitions; rows / "
             "processedRowsPerSecond of each batch, offsets, state and commits all durable.", "",
             "| master | median batch | 99th percentile |", "|---|---|---|"]
    for side, title in (("cluster", "driver and 2 executors over tcp"), ("local", "local[2]")):
        lines.append(f"| {title} | {median(medians[side]):.2f} ms | {median(worst[side]):.2f} ms |")
    return lines


PARTS = {"a": ("Recovery", part_recovery), "b": ("Scaling", part_scaling), "c": ("Idling", part_idle),
         "d": ("Latency", part_latency)}


def commit_name():
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                          check=False).stdout.strip()


def write_section(sections):
    """Replaces the measured parts of the section, and keeps the others as they are."""
    path = pathlib.Path(ARGUMENTS.out)
    text = path.read_text(encoding="utf-8") if path.exists() else "# Figures\n"
    head, _, old = text.partition(HEADING + "\n")
    kept = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^### |^## |\Z)", old, re.M | re.S))
    rest = re.search(r"^## .*", old, re.M | re.S)
    kept.update({title: "\n".join(lines) + "\n\n" for title, lines in sections.items()})
    body = "".join(f"### {title}\n\n{kept[title].rstrip()}\n\n" for title, _ in PARTS.values() if title in kept)
    intro = (f"Written by `bench/cluster.py`; last at commit {commit_name()}; {os.cpu_count()} cores; medians of "
             f"{ARGUMENTS.runs} runs, sides alternating, every result checked.\n\n")
    path.write_text(head.rstrip() + "\n\n" + HEADING + "\n\n" + intro + body + (rest.group(0) if rest else ""),
                    encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").rstrip() + "\n", encoding="utf-8")


def main():
    os.makedirs(ROOT / "build/bench", exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-cluster-", dir=ROOT / "build/bench"))
    sections = {}
    try:
        for part in ARGUMENTS.only:
            title, function = PARTS[part]
            sections[title] = function(scratch, ARGUMENTS.runs)
            print("\n".join(sections[title]), flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    write_section(sections)


if __name__ == "__main__":
    main()
