#!/usr/bin/env python3
"""Shuffle blocks that do not fit spark.executor.memory go to files under spark.local.dir: the same output, byte for
byte, whatever was spilled; nothing is left there; a directory that cannot be made and a disk that takes no more are
one clear error, and with room again the next attempt goes through."""

import sys

import crash_jobs
import it_io_faults
import weirlib

FILES, ROWS, KEYS = 8, 4000, 3000
CONF = {"spark.weir.files.splitBytes": "16k", "spark.sql.shuffle.partitions": 5}  # many tasks a batch
MEMORY = {1: ("1200k", "1000k"), 3: ("800k",)}  # by executors: too little for all blocks, enough for the rest
SPILLED = "failpoint P4.spill fired"


class Spills:
    def __init__(self, suite, source):
        self.suite, self.source = suite, source

    def run(self, name, executors, memory, conf=None, env=None):
        directory = self.suite.make_directory(name)
        local = directory / "local"
        conf = {**CONF, "spark.weir.local.executors": executors, "spark.executor.memory": memory,
                "spark.local.dir": str(local), **(conf or {})}
        job = crash_jobs.CrashJob("update", directory, conf, None)
        weirlib.link_files(self.source, job.input)
        failpoint = {"WEIR_FAIL": "P4.spill:delay"} if weirlib.has_failpoints() else {}
        run = job.run(env={**failpoint, **(env or {})})
        left = [path.name for path in local.iterdir()] if local.exists() else []
        self.suite.check(f"{name}: nothing is left in the local directory", f"{left}" if left else None)
        return run

    def compare(self, item, reference):
        executors, memory = item
        name = f"{executors} executors, {memory}"
        run = self.run(name, executors, memory)
        problem = run.describe() if run.status or run.hung else None
        if not problem and weirlib.has_failpoints() and SPILLED not in run.err:
            problem = "nothing was spilled: the case shows nothing"
        self.suite.check(name, problem)
        self.suite.check(f"{name}: the output of a run that fits", None if run.out == reference else "it differs")

    def no_directory(self):
        run = self.run("no directory", 1, "1000k", {"spark.local.dir": "/proc/none"})
        problem = None if run.status == 1 and "/proc/none" in run.err else run.describe()
        self.suite.check("a local directory that cannot be made is named", problem)

    def full_disk(self, library, kind, reference):
        """A write of a spill fails; the next attempt goes through."""
        name = f"a spill that fails with {kind}"
        run = self.run(name, 1, "1000k", env={"LD_PRELOAD": library, "IO_FAULT": f"write:{kind}:1:/local/"})
        said = "scratch file" in run.err and it_io_faults.REASONS[kind] in run.err and "local" in run.err
        self.suite.check(f"{name}: one clear error", None if said else run.describe())
        problem = None if run.status == 0 and run.out == reference else run.describe()
        self.suite.check(f"{name}: the next attempt goes through", problem)


def main():
    suite = weirlib.Suite()
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    spills = Spills(suite, source)
    run = spills.run("all in memory", 1, "1g")
    suite.check("all in memory", run.describe() if run.status or SPILLED in run.err else None)
    items = [(executors, memory) for executors, list_ in MEMORY.items() for memory in list_]
    suite.run_parallel(lambda item: spills.compare(item, run.out), items)
    spills.no_directory()
    library = it_io_faults.find_library(suite)
    for kind in ("ENOSPC", "EIO"):
        spills.full_disk(library, kind, run.out)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
