#!/usr/bin/env python3
"""Fails the first, second, ... file creation, write, fsync, link and print of a run, until a run is clean: it
succeeds, or it ends with one error that has path and reason; started again without faults its output is that of the
undisturbed run. No file is synced a second time after its fsync failed.

    it_io_faults.py [REGEX ON OPERATION:KIND]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import crash_jobs
import weirlib

FAULTS = ("create:EIO", "create:ENOSPC", "mkdir:EIO", "mkdir:ENOSPC", "write:EIO", "write:ENOSPC", "write:EINTR",
          "write:short", "fsync:EIO",
          "link:EIO", "link:ENOSPC", "print:EIO", "print:EINTR", "print:short")
FILES, ROWS = 4, 12
HANG_SECONDS = 20
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}
HARMLESS = ("EINTR", "short")


def find_library(suite):
    """The shared object that the build made, or one made now."""
    named = os.environ.get("WEIR_IO_FAULT")
    if named and os.path.exists(named):
        return named
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        weirlib.skip("there is neither WEIR_IO_FAULT nor a C compiler")
    library = suite.directory / "io_fault.so"
    source = weirlib.ROOT / "tests/lib/io_fault.c"
    subprocess.run([compiler, "-D_GNU_SOURCE", "-O1", "-fPIC", "-shared", "-o", library, source, "-ldl"], check=True)
    return str(library)


def console_problem(job, kind, reference, was_print):
    """The console is Spark's at-least-once one: what a failing standard output lost, no restart prints again."""
    if not was_print or kind == "files":
        return job.compare(reference, crash_jobs.expected_rows(FILES, ROWS))
    expected = {table.batch: table.sorted_text() for table in weirlib.split_console(reference)}
    last = weirlib.split_console(job.printed[-1])
    for table in last:
        if table.sorted_text() != expected.get(table.batch):
            return f"batch {table.batch} differs after the restart:\n{table.text}"
    return weirlib.verify_checkpoint(job.checkpoint, crash_jobs.RETAIN)


class Faults:
    def __init__(self, suite, library, source, references):
        self.suite, self.library, self.source, self.references = suite, library, source, references

    def sweep(self, item):
        kind, fault = item
        for number in range(1, 1000):
            fired, problem = self.run_once(kind, fault, number)
            self.suite.check(f"{kind}: {fault}:{number}", problem)
            if not fired:
                print(f"{kind}: {fault}: {number - 1} calls")
                return

    def run_once(self, kind, fault, number):
        name = f"{kind}-{fault}-{number}"
        operation, error = fault.split(":")
        job = crash_jobs.CrashJob(kind, self.suite.make_directory(name))
        weirlib.link_files(self.source, job.input)
        env = {"LD_PRELOAD": self.library, "IO_FAULT": f"{fault}:{number}"}
        run = job.run(env=env, seconds_max=HANG_SECONDS)
        fired = re.search(r"^io_fault fired: (.*)$", run.err, re.M)
        problem = self.judge(run, fired and fired.group(1), error)
        if not problem:
            problem = job.finish(seconds_max=HANG_SECONDS)
        if not problem:
            problem = console_problem(job, kind, self.references[kind], operation == "print")
        if not problem:
            shutil.rmtree(job.directory)
        return bool(fired), problem

    def judge(self, run, path, error):
        """Problem of the run that had the fault."""
        if run.hung or run.crashed:
            return run.describe()
        if "io_fault second fsync" in run.err:
            return f"a file was synced again after its fsync failed: {run.describe()}"
        if run.status == 0:
            return None
        if not path:
            return f"no fault, but {run.describe()}"
        if error in HARMLESS:
            return f"{error} is no failure: {run.describe()}"
        problem = weirlib.clear_error(run, REASONS[error])
        if problem:
            return problem
        folder = pathlib.Path(path).parent.name if "/" in path else path
        return None if folder in run.err.split("weir: ", 1)[1] else f"the error does not name {path}: {run.describe()}"


def main():
    suite = weirlib.Suite()
    with open(weirlib.WEIR, "rb") as program:
        if b"__asan_init" in program.read():
            weirlib.skip("a sanitizer's build does not let another library come first")
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    library = find_library(suite)
    source, references = crash_jobs.make_references(suite, FILES, ROWS)
    faults = Faults(suite, library, source, references)
    suite.run_parallel(faults.sweep, [(kind, fault) for fault in FAULTS if wanted.search(fault)
                                      for kind in ("complete", "files")])
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
