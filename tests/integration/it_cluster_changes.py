#!/usr/bin/env python3
"""A cluster that changes while queries run, and between runs: executors join, drain and are killed, the driver is
started anew and its executors find it, one checkpoint goes on with other numbers of executors and partitions. The
output is that of an undisturbed run in one process."""

import re
import signal
import sys

import crash_jobs
import weirlib
from clusterlib import Cluster, make_secret, wait_for

FILES, ROWS, KEYS = 24, 120, 200


class Slow:
    """A job whose files come one by one, so that there is time to disturb it between micro-batches."""

    def __init__(self, suite, source, kind, name):
        self.suite, self.source, self.kind = suite, source, kind
        self.name = f"{kind}: {name}"
        self.job = crash_jobs.CrashJob(kind, suite.make_directory(self.name))
        self.names = sorted(path.name for path in source.iterdir())
        self.given = 0
        spec = self.job.job.read_text()
        self.job.job.write_text(spec.replace('"availableNow": true', '"processingTime": "20 milliseconds"'))

    def give(self, count):
        names = self.names[self.given:self.given + count]
        weirlib.link_files(self.source, self.job.input, names)
        self.given += len(names)

    def committed(self):
        return len(weirlib.numbered(self.job.checkpoint / "commits")) and \
            weirlib.numbered(self.job.checkpoint / "commits")[-1] + 1

    def wait_committed(self, count, client):
        wait_for(lambda: self.committed() >= count, client.describe, 30, lambda: not client.running)

    def judge(self, references, runs):
        """The last run's clients have printed everything; ends with the oracle of the crash tests."""
        self.job.printed = runs
        rows = crash_jobs.expected_rows(self.given, ROWS, KEYS)
        self.suite.check(self.name, self.job.compare(references[self.kind], rows))


def check_members_change(suite, source, references, kind):
    """Joins, a drain, a kill; the query never ends and repeats no committed batch."""
    slow = Slow(suite, source, kind, "members change")
    with Cluster(suite.make_directory(slow.name + " cluster"), executors=1, secret=None) as cluster:
        client = cluster.start_job(slow.job.job, cwd=slow.job.directory)
        slow.give(6)
        slow.wait_committed(4, client)
        cluster.add_executor()
        cluster.wait_executors(2)
        slow.give(6)
        slow.wait_committed(10, client)
        status = cluster.remove_executor(cluster.executors[0])
        suite.expect_equal(f"{slow.name}: a drained executor ends with 0", status, 0)
        slow.give(6)
        slow.wait_committed(14, client)
        suite.check(f"{slow.name}: a drain costs no attempt",
                    None if "failed" not in cluster.driver.err else cluster.driver.describe())
        cluster.add_executor()
        cluster.wait_executors(2)
        slow.give(3)
        slow.wait_committed(19, client)
        cluster.remove_executor(cluster.executors[0], signal.SIGKILL)
        slow.give(3)
        slow.wait_committed(FILES, client)
        counters = cluster.counters()
        suite.check(f"{slow.name}: the last executor did the work",
                    None if counters and counters[0]["epochsRun"] > 0 else f"counters: {counters}")
        client.terminate()
        run = client.finish(20)
        suite.check(f"{slow.name}: ends with 0", run.problem())
        slow.judge(references, [run.out])


def check_driver_restarts(suite, source, references, kind, number):
    """Executors outlive their driver: they register at the next one, which goes on from the checkpoint."""
    name = "the driver is " + ("killed" if number == signal.SIGKILL else "stopped")
    slow = Slow(suite, source, kind, name)
    secret = make_secret(slow.job.directory / "secret")
    directory = suite.make_directory(slow.name + " cluster")
    with Cluster(directory, executors=2, secret=secret) as cluster:
        first = cluster.start_job(slow.job.job, cwd=slow.job.directory)
        slow.give(FILES // 2)
        slow.wait_committed(FILES // 2 - 3, first)
        old = cluster.driver
        pids = [e.pid for e in cluster.executors]
        cluster.restart_driver(number)
        if number == signal.SIGTERM:
            suite.expect_equal(f"{slow.name}: the old one ends with 0", old.exit_status, 0)
            suite.check(f"{slow.name}: its job has ended well", first.finish(10).problem())
        else:
            suite.check(f"{slow.name}: its client says so", weirlib.clear_error(first.finish(40), "started anew"))
        cluster.wait_executors(2)
        suite.check(f"{slow.name}: executors have come back by themselves",
                    None if [e.pid for e in cluster.executors if e.running] == pids else "they have not")
        second = cluster.start_job(slow.job.job, cwd=slow.job.directory)
        slow.give(FILES - FILES // 2)
        slow.wait_committed(FILES, second)
        second.terminate()
        run = second.finish(20)
        suite.check(f"{slow.name}: ends with 0", run.problem())
        slow.judge(references, [first.out, run.out])


STEPS = [(1, 3), (4, 7), (2, 1), (1, 16), (3, 2)]  # executors, partitions


def check_rescale(suite, source, references, kind):
    """One checkpoint, cluster after cluster; the numbers of executors and partitions change each time."""
    title = f"{kind}: executors and partitions change"
    job = crash_jobs.CrashJob(kind, suite.make_directory(title))
    names = sorted(path.name for path in source.iterdir())
    with Cluster(suite.make_directory(title + " cluster"), executors=STEPS[0][0]) as cluster:
        for step, (executors, partitions) in enumerate(STEPS):
            while len(cluster.executors) < executors:
                cluster.add_executor()
            while len(cluster.executors) > executors:
                cluster.remove_executor(cluster.executors[-1])
            cluster.wait_executors(executors)
            first, last = FILES * step // len(STEPS), FILES * (step + 1) // len(STEPS)
            weirlib.link_files(source, job.input, names[first:last])
            run = cluster.submit(job.job, cwd=job.directory, conf={"spark.sql.shuffle.partitions": partitions})
            job.printed.append(run.out)
            if not suite.check(f"{title}: {executors} executors, {partitions} partitions", run.problem()):
                return
            owned = [c["partitionsOwned"] for c in cluster.counters()]
            suite.check(f"{title}: no partition is owned twice",
                        None if sum(owned) <= partitions else f"{owned} of {partitions}")
    suite.check(title, job.compare(references[kind], crash_jobs.expected_rows(FILES, ROWS, KEYS)))


def main():
    suite = weirlib.Suite()
    chosen = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    references = {}
    for kind in crash_jobs.KINDS:
        job = crash_jobs.CrashJob(kind, suite.make_directory("undisturbed-" + kind))
        weirlib.link_files(source, job.input)
        run = job.run()
        suite.check(f"undisturbed {kind}", run.problem())
        references[kind] = run.out
    steps = [("rescale " + kind, lambda kind=kind: check_rescale(suite, source, references, kind))
             for kind in crash_jobs.KINDS]
    steps += [("members " + kind, lambda kind=kind: check_members_change(suite, source, references, kind))
              for kind in crash_jobs.KINDS]
    steps += [(f"driver {kind} {number}",
               lambda kind=kind, number=number: check_driver_restarts(suite, source, references, kind, number))
              for kind, number in (("complete", signal.SIGKILL), ("files", signal.SIGKILL), ("update", signal.SIGTERM))]
    suite.run_parallel(lambda step: step[1](), [step for step in steps if chosen.search(step[0])])
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
