#!/usr/bin/env python3
"""The same output, byte for byte, whatever the number of task threads and executors: console tables with their
order of rows, and the part files of a file sink in the order of parts."""

import re
import sys

import crash_jobs
import weirlib

FILES, ROWS, KEYS = 8, 900, 700
CONF = {"spark.weir.files.splitBytes": "4k", "spark.sql.shuffle.partitions": 5}  # many tasks a batch
CONFIGURATIONS = {
    "local[1]": ("local[1]", {}),
    "local[4]": ("local[4]", {}),
    "3 executors": ("local[1]", {"spark.weir.local.executors": 3}),
    "3 executors of 4 threads": ("local[4]", {"spark.weir.local.executors": 3}),
    "local[4] again": ("local[4]", {}),
}


def parts_of(output):
    """The sink's content by batch and part: names carry ids of attempts, which differ."""
    parts = []
    for entry in weirlib.committed_files(output):
        path = weirlib.entry_path(entry)
        number = re.match(r"part-(\d+)-", path.name)
        parts.append((number.group(1) if number else path.name, path.read_bytes()))
    return parts


def run_one(suite, source, kind, configuration, max_files):
    master, conf = CONFIGURATIONS[configuration]
    name = f"{kind} {configuration} {max_files or 'all'} files a batch"
    job = crash_jobs.CrashJob(kind, suite.make_directory(name), {**CONF, **conf}, max_files)
    weirlib.link_files(source, job.input)
    run = job.run(master=master)
    suite.check(name, run.problem())
    return parts_of(job.output) if kind == "files" else run.out


def main():
    suite = weirlib.Suite()
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    cases = [(kind, max_files) for kind in crash_jobs.KINDS for max_files in (3, None)]

    def run_case(case):
        outputs = {c: run_one(suite, source, case[0], c, case[1]) for c in CONFIGURATIONS}
        first = outputs["local[1]"]
        suite.check(f"{case} has output", None if first else "it has none")
        for name, output in outputs.items():
            suite.check(f"{case}: {name} as local[1]", None if output == first else first_difference(first, output))
    suite.run_parallel(run_case, cases)
    return suite.finish()


def first_difference(left, right):
    pairs = zip(left.splitlines(), right.splitlines()) if isinstance(left, str) else zip(left, right)
    for number, (a, b) in enumerate(pairs):
        if a != b:
            return f"item {number}: {weirlib.shorten(a, 300)} and {weirlib.shorten(b, 300)}"
    return f"{len(left)} and {len(right)} items"


if __name__ == "__main__":
    sys.exit(main())
