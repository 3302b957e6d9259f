#!/usr/bin/env python3
"""Kills or fails a run at every failpoint, lets the source grow meanwhile, restarts: the output is that of the
undisturbed run. Then kills at each durable create in turn. Prints how often each cell of phase x fault fired; a cell
that never fired is a failure.

    it_crash.py [REGEX ON FAILPOINT NAMES]
"""

import collections
import re
import shutil
import signal
import sys

import crash_jobs
import weirlib

FILES_FIRST, FILES_GROWN, ROWS = 12, 3, 24
OCCURRENCES = (1, 2, 3)
ACTIONS = ("kill", "error")
# In which jobs a failpoint lies on the way: the stateless job has no shuffle and no state, the console collects
# its rows in the driver. A failpoint of the program that is missing here is a failure.
STATEFUL, STATELESS, ALL = ("complete", "update"), ("files",), crash_jobs.KINDS
ON_THE_WAY = {
    "P0.before": ALL, "P1.before": ALL, "P1.after": ALL, "P2.before": ALL, "P3.mid": ALL,
    "P4.before": STATEFUL, "P4.after": STATEFUL, "P5.before": STATEFUL, "P5.mid": STATEFUL, "P5.after": STATEFUL,
    "P6.before": STATELESS, "P6.after": STATELESS, "P7.before": STATEFUL,
    "P8.before": ALL, "P8.after": ALL, "P9.before": ALL, "P9.after": ALL, "P10.before": ALL, "P10.purge": ALL,
    "fs.create.before_link": ALL, "fs.create.after_link": ALL,
}
# Those of tests/chaos: only several executors shuffle over a wire, only a small memory spills.
IN_CLUSTERS = ("P3.poison", "P4.fetch", "P4.serve", "P4.spill", "P7.after")
SWEPT = ("fs.create.before_link", "fs.create.after_link")
SWEEP_FIRST, SWEEP_GROWN = 4, 2
# From P1.after on the offsets are logged: the batch keeps its files though there are more now.
LOGGED_FROM = "P1.after"


class Crashes:
    def __init__(self, suite, source, references):
        self.suite, self.source, self.references = suite, source, references
        self.fired = collections.Counter()

    def disturb(self, name, kind, fail, first, last):
        """One disturbed history; True where the failpoint fired."""
        point, action = re.match(r"([\w.]+):(\w+)", fail).groups()
        job = crash_jobs.CrashJob(kind, self.suite.make_directory(name))
        names = [f"file-{i:04d}.json" for i in range(last)]
        weirlib.link_files(self.source, job.input, names[:first])
        run = job.run(env={"WEIR_FAIL": fail})
        fired = f"failpoint {point} fired" in run.err
        if not fired:
            return False, run.problem()
        with self.suite.lock:
            self.fired[point, action] += 1
        if action == "kill" and run.status != -signal.SIGKILL:
            return True, f"killed, but {run.describe()}"
        if action == "error" and run.status != 0:
            problem = weirlib.clear_error(run, f"failpoint {point}")
            if problem:
                return True, problem
        weirlib.link_files(self.source, job.input, names[first:])
        problem = job.finish()
        if not problem:
            rows = crash_jobs.expected_rows(last, ROWS)
            reference = "".join(t.text for t in weirlib.split_console(self.references[kind]) if t.batch < last)
            problem = job.compare(reference, rows)
        if not problem:
            shutil.rmtree(job.directory)
        return True, problem

    def run_cell(self, cell):
        kind, fail = cell
        name = f"{kind} {fail}"
        fired, problem = self.disturb(name, kind, fail, FILES_FIRST, FILES_FIRST + FILES_GROWN)
        self.suite.check(name, problem if fired else problem or "the failpoint did not fire")

    def sweep(self, item):
        """The n-th durable create, n = 1, 2, ... until there is none any more."""
        kind, point, action = item
        for occurrence in range(1, 1000):
            fail = f"{point}:{action}@{occurrence}"
            name = f"sweep {kind} {fail}"
            fired, problem = self.disturb(name, kind, fail, SWEEP_FIRST, SWEEP_FIRST + SWEEP_GROWN)
            self.suite.check(name, problem)
            if not fired:
                print(f"{kind} {point}:{action}: {occurrence - 1} durable creates")
                return

    def check_logged_offsets(self, item):
        """Without a rate limit one batch takes all files: once its offsets are logged, a restart over a grown
        source runs it with the same files."""
        kind, point = item
        name = f"logged offsets {kind} {point}"
        job = crash_jobs.CrashJob(kind, self.suite.make_directory(name), max_files=None)
        names = [f"file-{i:04d}.json" for i in range(6)]
        weirlib.link_files(self.source, job.input, names[:3])
        run = job.run(env={"WEIR_FAIL": point + ":kill"})
        if f"failpoint {point} fired" not in run.err:
            self.suite.check(name, f"the failpoint did not fire: {run.describe()}")
            return
        weirlib.link_files(self.source, job.input, names[3:])
        problem = job.finish()
        if not problem:
            batches = collections.defaultdict(list)
            for path in weirlib.log_files(job.checkpoint / "sources/0").values():
                for entry in weirlib.log_lines(path):
                    batches[entry["batchId"]].append(entry["path"].rsplit("/", 1)[1])
            points = list(ON_THE_WAY)
            logged = points.index(point) >= points.index(LOGGED_FROM)
            if logged and [sorted(batches[i]) for i in sorted(batches)] != [names[:3], names[3:]]:
                problem = f"the batch was logged, but the files of the batches are {dict(batches)}"
        if not problem and kind == "files":
            problem = job.compare("", crash_jobs.expected_rows(6, ROWS))
        elif not problem:
            problem = weirlib.verify_checkpoint(job.checkpoint, crash_jobs.RETAIN)
            last = weirlib.split_console(job.printed[-1])[-1]
            reference = [t for t in weirlib.split_console(self.references[kind]) if t.batch == 5][0]
            if kind == "complete" and sorted(last.rows) != sorted(reference.rows):
                problem = f"the last table differs:\n{last.text}\nundisturbed:\n{reference.text}"
        self.suite.check(name, problem)


def print_matrix(suite, fired, names):
    print("fired:" + "".join(f"{action:>8}" for action in ACTIONS))
    for name in names:
        print(f"  {name:<22}" + "".join(f"{fired[name, action]:>6}" for action in ACTIONS))
        for action in ACTIONS:
            suite.check(f"cell {name} x {action}", None if fired[name, action] else "never hit")


def main():
    suite = weirlib.Suite()
    if not weirlib.has_failpoints():
        weirlib.skip(f"{weirlib.WEIR} is built without failpoints")
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    names = [name for name in ON_THE_WAY if wanted.search(name)]
    suite.expect_equal("every failpoint of the program is tested here", weirlib.failpoint_names(),
                       sorted((*ON_THE_WAY, *IN_CLUSTERS)))
    source, references = crash_jobs.make_references(suite, FILES_FIRST + FILES_GROWN, ROWS)
    crashes = Crashes(suite, source, references)
    cells = [(kind, f"{name}:{action}@{occurrence}") for name in names for kind in ON_THE_WAY[name]
             for action in ACTIONS for occurrence in OCCURRENCES]
    suite.run_parallel(crashes.run_cell, cells)
    suite.run_parallel(crashes.sweep, [(kind, name, action) for name in names if name in SWEPT
                                       for kind in ("complete", "files") for action in ACTIONS])
    suite.run_parallel(crashes.check_logged_offsets,
                       [(kind, name) for name in names if name not in SWEPT and not name.startswith("P10")
                        for kind in ON_THE_WAY[name] if kind != "update"])
    print_matrix(suite, crashes.fired, names)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
