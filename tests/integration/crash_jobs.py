"""The jobs that crash, fault and corruption tests disturb, and the oracle: whatever happens to a run, once it
has been restarted to its end, everything that it printed and committed equals the undisturbed run."""

import pathlib

import weirlib

CONF = {
    "spark.sql.session.timeZone": "America/Chicago",
    "spark.sql.shuffle.partitions": 3,
    "spark.sql.streaming.stateStore.minDeltasForSnapshot": 2,
    "spark.sql.streaming.minBatchesToRetain": 2,
    "spark.sql.streaming.fileSource.log.compactInterval": 3,
    "spark.sql.streaming.fileSink.log.compactInterval": 3,
}
RETAIN = 2
COMPLETE = ("SELECT action, window(time, '1 hour') AS window, count(*) AS n, sum(seq) AS s FROM events "
            "GROUP BY action, window(time, '1 hour')")
UPDATE = "SELECT key, count(*) AS n, max(file * 1000 + seq) AS latest FROM events GROUP BY key"
FILTER = "SELECT file, seq, upper(key) AS key, unix_timestamp(time) AS t FROM events WHERE action <> 'Ajar'"
KINDS = ("complete", "update", "files")


def queries_of(kind, directory):
    checkpoint = directory / "checkpoint"
    if kind == "files":
        return [weirlib.files_query("q", FILTER, directory / "out", checkpoint)]
    sql = COMPLETE if kind == "complete" else UPDATE
    return [weirlib.console_query("q", sql, kind, checkpoint)]


def expected_rows(files, rows, keys=40):
    return [{"file": row["file"], "seq": row["seq"], "key": row["key"].upper(), "t": row["time"]}
            for file in range(files) for row in weirlib.numbered_rows(file, rows, keys) if row["action"] != "Ajar"]


class CrashJob:
    """One kind of job in a directory of its own, with `in` beside it; runs it and keeps what each run printed."""

    def __init__(self, kind, directory, conf=None, max_files=1):
        self.kind, self.directory = kind, pathlib.Path(directory)
        self.input = self.directory / "in"
        self.input.mkdir(parents=True, exist_ok=True)
        self.checkpoint, self.output = self.directory / "checkpoint", self.directory / "out"
        options = {"maxFilesPerTrigger": max_files} if max_files else {}
        source = weirlib.json_source(weirlib.NUMBERED_SCHEMA, self.input, **options)
        self.job = weirlib.write_job(self.directory / "job.yaml", {"events": source},
                                     queries_of(kind, self.directory), {**CONF, **(conf or {})})
        self.printed = []
        self.swept = True  # False: a process was killed and the driver has not started since

    def run(self, **options):
        run = weirlib.run_job(self.job, self.directory, **options)
        self.printed.append(run.out)
        return run

    def finish(self, restarts=1, **options):
        """Restarts until the job is done; problem."""
        for _ in range(restarts):
            run = self.run(**options)
            if run.status == 0 and not run.hung:
                return f"the restart complains: {run.describe()}" if run.err else None
        return f"the restart fails: {run.describe()}"

    def compare(self, reference, rows, retain=RETAIN):
        """Problem against the undisturbed run's output (console) or against `rows` (files)."""
        if self.kind == "files":
            try:
                problem = weirlib.compare_rows(weirlib.read_sink(self.output), rows)
            except (OSError, ValueError, KeyError) as error:
                problem = f"the output cannot be read: {type(error).__name__}: {error}"
        else:
            problem = weirlib.compare_console(self.printed, reference)
        return problem or weirlib.verify_checkpoint(self.checkpoint, retain, swept=self.swept)


def make_references(suite, files, rows, conf=None):
    """{kind: console text of an undisturbed run} over `files` numbered files; checks the runs."""
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, files, rows)
    references = {}
    for kind in KINDS:
        job = CrashJob(kind, suite.make_directory("undisturbed-" + kind), conf)
        weirlib.link_files(source, job.input)
        run = job.run()
        suite.check(f"undisturbed {kind}", run.problem() or job.compare(run.out, expected_rows(files, rows)))
        references[kind] = run.out
    return source, references
