#!/usr/bin/env python3
"""One checkpoint under other numbers of state partitions and executors, run by run: the output of every batch is
that of a run that never changed them."""

import sys

import crash_jobs
import weirlib

FILES, ROWS, KEYS = 12, 120, 300
STEPS = {
    "partitions 2, 8, 1": [{"spark.sql.shuffle.partitions": n} for n in (2, 8, 1)],
    "executors 1, 3, 1": [{"spark.weir.local.executors": n} for n in (1, 3, 1)],
    "both": [{"spark.sql.shuffle.partitions": p, "spark.weir.local.executors": e}
             for p, e in ((1, 1), (200, 3), (3, 2), (16, 1), (5, 4), (2, 3))],
}


def main():
    suite = weirlib.Suite()
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    names = sorted(path.name for path in source.iterdir())
    references = {}
    for kind in crash_jobs.KINDS:
        job = crash_jobs.CrashJob(kind, suite.make_directory("undisturbed-" + kind))
        weirlib.link_files(source, job.input)
        run = job.run()
        suite.check(f"undisturbed {kind}", run.problem())
        references[kind] = run.out

    def run_case(case):
        kind, name, interval = case
        title = f"{kind}: {name}, snapshot interval {interval}"
        conf = {"spark.sql.streaming.stateStore.minDeltasForSnapshot": interval}
        job = crash_jobs.CrashJob(kind, suite.make_directory(title), conf)
        steps = STEPS[name]
        for number, step in enumerate(steps):
            first, last = FILES * number // len(steps), FILES * (number + 1) // len(steps)
            weirlib.link_files(source, job.input, names[first:last])
            run = job.run(conf=step)
            if not suite.check(f"{title}: {step}", run.problem()):
                return
        suite.check(title, job.compare(references[kind], crash_jobs.expected_rows(FILES, ROWS, KEYS)))
    suite.run_parallel(run_case, [(kind, name, interval) for kind in crash_jobs.KINDS for name in STEPS
                                  for interval in (1, 100)])
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
