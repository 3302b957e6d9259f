#!/usr/bin/env python3
"""The jobs of examples/ on generated data: right answers, restarts, the same bytes on any number of threads
and executors, and an orderly end on SIGTERM."""
import collections
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from weir_process import ROOT, WEIR, WeirCase  # noqa: E402

EXAMPLES = ROOT / "examples"
CHICAGO = zoneinfo.ZoneInfo("America/Chicago")

RATE_JOB = """\
name: ticking
sources:
  ticks: {format: rate, options: {rowsPerSecond: 100}}
queries:
  - name: ticks
    sql: SELECT value FROM ticks
    trigger: {processingTime: 100 milliseconds}
    sink: {format: noop}
"""


def read_events(directory):
    """All events as (epoch seconds, action)."""
    events = []
    for path in directory.glob("*.json"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            events.append((record["time"], record["action"]))
    return events


def hour_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, CHICAGO).strftime("%Y-%m-%d %H:%M:%S")


def count_windows(events):
    """What examples/actions.yaml computes, by (action, window as show prints it)."""
    counts = collections.Counter()
    for seconds, action in events:
        start = seconds - seconds % 3600
        counts[action, f"{{{hour_text(start)}, {hour_text(start + 3600)}}}"] += 1
    return counts


def tables_of(output):
    """The tables that the console sink printed, each as a Counter; keyed by batch."""
    tables, batch = {}, None
    for line in output.splitlines():
        if line.startswith("Batch: "):
            batch = int(line.removeprefix("Batch: "))
            tables[batch] = collections.Counter()
        elif line.startswith("|") and "|action|" not in line:
            action, window, count = (cell.strip() for cell in line.strip("|").split("|"))
            tables[batch][action, window] = int(count)
    return tables


class Examples(WeirCase):
    def setUp(self):
        super().setUp()
        self.events = self.directory / "data/events"

    def generate(self, rows, files, seed=1, directory="data/events"):
        result = self.weir("gen", "events", "--rows", rows, "--files", files, "--seed", seed, directory)
        self.assertEqual(result.status, 0, result.err)

    def run_example(self, name, *flags):
        result = self.weir("run", EXAMPLES / name, *flags)
        self.assertEqual(result.status, 0, result.err)
        return result

    def add_file(self, seed):
        self.generate(500, 1, seed, f"more-{seed}")
        (self.directory / f"more-{seed}/file-0.json").rename(self.events / f"more-{seed}.json")

    def test_actions_counts_by_hour_and_goes_on_after_a_restart(self):
        self.generate(20000, 4)
        tables = tables_of(self.run_example("actions.yaml").out)
        self.assertEqual(sorted(tables), [0, 1, 2, 3])
        self.assertEqual(tables[3], count_windows(read_events(self.events)))
        self.assertEqual(sum(tables[3].values()), 20000)
        self.assertEqual(self.run_example("actions.yaml").out, "")
        self.add_file(9)
        tables = tables_of(self.run_example("actions.yaml").out)
        self.assertEqual(sorted(tables), [4])
        self.assertEqual(tables[4], count_windows(read_events(self.events)))

    def test_actions_prints_the_same_bytes_on_any_master(self):
        self.generate(20000, 3)
        outputs = set()
        for flags in (["--master", "local[1]"], ["--master", "local[4]"],
                      ["--master", "local[3]", "--conf", "spark.weir.local.executors=3"]):
            outputs.add(self.run_example("actions.yaml", *flags).out)
            subprocess.run(["rm", "-r", self.directory / "checkpoints"], check=True)
        self.assertEqual(len(outputs), 1)

    def committed_rows(self):
        """The rows of the files that the sink's log names, and how many files there are in all."""
        sink = self.directory / "out/opens"
        names = set()
        for log in (sink / "_spark_metadata").iterdir():
            if not log.name.removesuffix(".compact").isdigit():
                continue
            version, *lines = log.read_text().splitlines()
            self.assertEqual(version, "v1")
            names.update(json.loads(line)["path"].rsplit("/", 1)[1] for line in lines)
        rows = [json.loads(line) for name in names for line in (sink / name).read_text().splitlines()]
        return rows, len(names), len([path for path in sink.iterdir() if path.name.startswith("part-")])

    def check_filter_output(self):
        rows, named, files = self.committed_rows()
        self.assertEqual(named, files)
        expected = sorted(seconds for seconds, action in read_events(self.events) if action == "Open")
        self.assertEqual(sorted(row["seconds"] for row in rows), expected)
        for row in rows:
            self.assertEqual(row["day"], hour_text(row["seconds"])[:10])

    def test_filter_writes_every_row_once(self):
        self.generate(20000, 25)
        for step in ("first run", "nothing new", "a new file"):
            with self.subTest(step):
                if step == "a new file":
                    self.add_file(11)
                self.assertEqual(self.run_example("filter.yaml").out, "")
                self.check_filter_output()

    def test_progress_json_is_a_line_a_batch(self):
        self.generate(3000, 3)
        result = self.run_example("actions.yaml", "--progress", "json")
        lines = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
        self.assertEqual([line["batchId"] for line in lines], [0, 1, 2])
        self.assertEqual(sum(line["numInputRows"] for line in lines), 3000)
        self.assertEqual({line["name"] for line in lines}, {"counts"})

    def test_an_empty_folder_ends_at_once_without_output(self):
        self.events.mkdir(parents=True)
        start = time.monotonic()
        result = self.run_example("actions.yaml")
        self.assertEqual(result.out, "")
        self.assertLess(time.monotonic() - start, 5)

    def stop_after_first_progress(self, signals):
        """Runs a job without an end, sends the signals once it makes progress, and gives status and text."""
        self.write("ticking.yaml", RATE_JOB)
        process = subprocess.Popen([WEIR, "run", "ticking.yaml", "--progress", "json"], cwd=self.directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "TMPDIR": str(self.directory)})
        self.addCleanup(process.kill)
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("{"):
                break
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)
        out, err = process.communicate(timeout=30)
        return process.returncode, out, said + err

    def test_sigterm_and_ctrl_c_end_the_job_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            status, out, err = self.stop_after_first_progress([number])
            self.assertEqual((status, out), (0, ""), err)
            self.assertIn("stopping after the running micro-batch", err)
        left = [path.name for path in self.directory.iterdir() if path.name != "ticking.yaml"]
        self.assertEqual(left, [], "the temporary checkpoint is removed")


if __name__ == "__main__":
    unittest.main()
