#!/usr/bin/env python3
"""kill -9 at random times, again and again, over a job of two queries with many small batches and a source that
grows in between; at the end nothing is lost or doubled. A reader polls the file sink all the while: what it sees
is always a whole prefix of the committed batches, and never shrinks.

WEIR_ROUNDS: how often to kill (15); WEIR_SEED: repeats the times of an earlier run.
"""

import os
import random
import subprocess
import sys
import threading
import time

import crash_jobs
import weirlib

ROUNDS = int(os.environ.get("WEIR_ROUNDS", "15"))
SEED = int(os.environ.get("WEIR_SEED", str(random.SystemRandom().randrange(1 << 31))))
FILES_FIRST, FILES_A_ROUND, ROWS = 60, 20, 20


class Reader(threading.Thread):
    """Polls the committed set as a reader of the sink would."""

    def __init__(self, output):
        super().__init__(daemon=True)
        self.output, self.problem, self.observations, self.growths = output, None, 0, 0
        self.seen = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set() and not self.problem:
            try:
                self.observe()
            except (OSError, ValueError, KeyError) as error:
                self.problem = f"{type(error).__name__}: {error}"
            time.sleep(0.002)

    def observe(self):
        entries = weirlib.committed_files(self.output)
        paths = [entry["path"] for entry in entries]
        if paths[:len(self.seen)] != self.seen:
            self.problem = f"the committed files were {self.seen[-5:]}, now they are {paths[-5:]}"
            return
        for entry in entries[len(self.seen):]:
            size = weirlib.entry_path(entry).stat().st_size
            if size != entry["size"]:
                self.problem = f"{entry['path']} is committed with {entry['size']} bytes, it has {size}"
                return
        self.growths += len(paths) > len(self.seen)
        self.seen = paths
        self.observations += 1


def write_two_queries(directory):
    source = weirlib.json_source(weirlib.NUMBERED_SCHEMA, directory / "in", maxFilesPerTrigger=1)
    queries = [weirlib.files_query("rows", crash_jobs.FILTER, directory / "out", directory / "checkpoint-rows"),
               weirlib.console_query("counts", crash_jobs.COMPLETE, "complete", directory / "checkpoint-counts")]
    return weirlib.write_job(directory / "job.yaml", {"events": source}, queries, crash_jobs.CONF)


def kill_after(job, directory, seconds, number):
    """Runs the job and kills it; what it printed, and whether it was still running."""
    out = directory / f"out-{number}.txt"
    with open(out, "wb") as target, open(directory / f"err-{number}.txt", "wb") as errors:
        process = subprocess.Popen([weirlib.WEIR, "run", str(job), "--master", "local[2]", "--progress", "none"],
                                   cwd=directory, env=weirlib.make_environment(), stdout=target, stderr=errors)
        try:
            process.wait(seconds)
            killed = False
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed = True
    return out.read_text(errors="replace"), killed, process.returncode


def main():
    suite = weirlib.Suite()
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    total = FILES_FIRST + FILES_A_ROUND * ROUNDS
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, total, ROWS)
    names = sorted(path.name for path in source.iterdir())

    reference = suite.make_directory("undisturbed")
    weirlib.link_files(source, reference / "in")
    run = weirlib.run_job(write_two_queries(reference), reference, seconds_max=120)
    suite.check("undisturbed run", run.problem())
    batch_seconds = run.seconds / total

    directory = suite.make_directory("killed")
    weirlib.link_files(source, directory / "in", names[:FILES_FIRST])
    job = write_two_queries(directory)
    reader = Reader(directory / "out")
    reader.start()
    printed, kills = [], 0
    for number in range(ROUNDS):
        # Long enough for a few batches now and then, often short enough to hit the start and the recovery.
        seconds = chance.choice((0.3, 1.0)) * chance.uniform(0.01, 0.03 + 8 * batch_seconds)
        text, killed, status = kill_after(job, directory, seconds, number)
        printed.append(text)
        kills += killed
        if not killed:
            suite.expect_equal(f"round {number}: ends well", status, 0)
        for query in ("rows", "counts"):
            checkpoint = directory / f"checkpoint-{query}"
            if (checkpoint / "commits").is_dir():
                suite.check(f"round {number}: checkpoint of {query}",
                            weirlib.verify_checkpoint(checkpoint, crash_jobs.RETAIN, expect_done=False))
        first = FILES_FIRST + FILES_A_ROUND * number
        weirlib.link_files(source, directory / "in", names[first:first + FILES_A_ROUND])
    last = weirlib.run_job(job, directory, seconds_max=120)
    printed.append(last.out)
    suite.check("the last run", last.problem())
    reader.ended.set()
    reader.join()
    suite.check("rows of the file sink", weirlib.compare_rows(weirlib.read_sink(directory / "out"),
                                                              crash_jobs.expected_rows(total, ROWS)))
    suite.check("tables of the console", weirlib.compare_console(printed, run.out))
    for query in ("rows", "counts"):
        suite.check(f"checkpoint of {query}",
                    weirlib.verify_checkpoint(directory / f"checkpoint-{query}", crash_jobs.RETAIN))
    again = weirlib.run_job(job, directory)
    suite.check("a run with nothing to do", again.problem() or (f"it printed {again.out}" if again.out else None))
    garbage = weirlib.Checkpoint(directory / "checkpoint-counts").find_garbage()
    suite.check("state of killed attempts is gone", f"{garbage} are left" if garbage else None)
    suite.check("what a reader saw", reader.problem or (None if reader.growths else "it saw nothing"))
    suite.check("kills hit a running job", None if kills * 2 >= ROUNDS else f"only {kills} of {ROUNDS}")
    print(f"{kills} kills in {ROUNDS} rounds, {reader.observations} observations of {reader.growths} states")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
