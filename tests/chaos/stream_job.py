"""A job that runs for ever over a growing folder, for tests that disturb it again and again and judge it each time: a
file sink without state and a console with state and shuffle, one file a batch, so that batch N is file N whatever
happened. The undisturbed output is that of one run in local mode over the same files."""

import time

import chaoslib
from chaoslib import clusterlib, crash_jobs, weirlib

RETAIN = crash_jobs.RETAIN
QUERIES = ("rows", "counts")


def write_spec(directory, trigger):
    source = weirlib.json_source(weirlib.NUMBERED_SCHEMA, directory / "in", maxFilesPerTrigger=1)
    queries = [weirlib.files_query("rows", crash_jobs.FILTER, directory / "out", directory / "checkpoint-rows"),
               weirlib.console_query("counts", crash_jobs.UPDATE, "update", directory / "checkpoint-counts")]
    for query in queries:
        if not trigger:
            del query["trigger"]
    conf = {**crash_jobs.CONF, "spark.weir.epoch.maxAttempts": 1000}
    return weirlib.write_job(directory / "job.yaml", {"events": source}, queries, conf)


class Input:
    """`files` files and what the undisturbed run prints for them: {batch: table}."""

    def __init__(self, suite, files, rows):
        self.files, self.rows = files, rows
        self.source = suite.make_directory(f"stream-input-{files}")
        weirlib.write_numbered(self.source, 0, files, rows)
        directory = suite.make_directory(f"stream-undisturbed-{files}")
        weirlib.link_files(self.source, directory / "in")
        run = weirlib.run_job(write_spec(directory, trigger=True), directory, seconds_max=180)
        suite.check("undisturbed stream", run.problem())
        self.tables = {table.batch: table.text for table in weirlib.split_console(run.out)}

    def reference(self, batches):
        return "".join(self.tables[batch] for batch in range(batches))


class StreamJob:
    def __init__(self, directory, source):
        self.directory, self.source, self.added = directory, source, 0
        (directory / "in").mkdir(parents=True)
        self.job = write_spec(directory, trigger=False)
        self.expected = []
        self.seen_files = {}

    def add(self, count=1):
        """More files appear, oldest first."""
        for number in range(self.added, self.added + count):
            weirlib.link_files(self.source.source, self.directory / "in", [f"file-{number:04d}.json"])
            self.expected += crash_jobs.expected_rows(number + 1, self.source.rows)[len(self.expected):]
        self.added += count

    def checkpoint(self, query):
        return self.directory / f"checkpoint-{query}"

    def committed(self):
        """Batches that every query has committed."""
        return min(max(weirlib.numbered(self.checkpoint(query) / "commits"), default=-1) for query in QUERIES) + 1

    def wait_done(self, seconds=chaoslib.LIVE_SECONDS):
        """Problem where not all files are committed in time."""
        end = time.monotonic() + seconds
        while self.committed() < self.added:
            if time.monotonic() > end:
                return f"{self.committed()} of {self.added} files are committed {seconds} s after the last fault"
            time.sleep(0.01)
        return None

    def judge(self, printed):
        """Problem of everything that was printed (a text a driver) and committed up to now."""
        return self.sink_problem() or weirlib.compare_console(printed, self.source.reference(self.added)) or \
            self.checkpoint_problem()

    def sink_problem(self):
        """Row for row, and each file's rows in the batch of its number. Files that were read are not read again:
        what is committed never changes, which its logged size shows."""
        try:
            entries = weirlib.committed_files(self.directory / "out")
        except (OSError, ValueError) as error:
            return f"the sink cannot be read: {error}"
        rows = []
        for entry in entries:
            if entry["path"] not in self.seen_files:
                path = weirlib.entry_path(entry)
                if path.stat().st_size != entry["size"]:
                    return f"{path} has {path.stat().st_size} bytes, its log entry says {entry['size']}"
                lines = path.read_text(encoding="utf-8").splitlines()
                self.seen_files[entry["path"]] = [weirlib.json.loads(line) for line in lines]
            rows += self.seen_files[entry["path"]]
        return weirlib.compare_rows(rows, self.expected) or self.batch_problem()

    def batch_problem(self):
        for batch, path in weirlib.log_files(self.directory / "out/_spark_metadata").items():
            if path.name.endswith(".compact"):
                continue
            for entry in weirlib.log_lines(path):
                foreign = {row["file"] for row in self.seen_files.get(entry["path"], ())} - {batch}
                if foreign:
                    return f"{path} lists rows of the files {foreign}"
        return None

    def checkpoint_problem(self):
        """The job goes on, so a purge may be removing what is being read: a problem counts if it stays."""
        problem = None
        for _ in range(4):
            problem = next(filter(None, (weirlib.verify_checkpoint(self.checkpoint(query), RETAIN, expect_done=False)
                                         for query in QUERIES)), None)
            if not problem:
                return None
            time.sleep(0.1)
        return problem


class DriverOutputs:
    """What the drivers of a job printed, in their order."""

    def __init__(self, cluster):
        self.cluster = cluster

    def texts(self):
        drivers = [process for process in self.cluster.retired if process.arguments[0] == "driver"]
        return [process.out for process in [*drivers, self.cluster.driver]]


def wait_batches(job, count, seconds=chaoslib.LIVE_SECONDS):
    """True once `count` batches are committed."""
    try:
        clusterlib.wait_for(lambda: job.committed() >= count, "", seconds)
        return True
    except AssertionError:
        return False
