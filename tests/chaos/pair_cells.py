"""Cell 24 of the fault matrix: two drivers on one checkpoint, every interleaving of the places where they decide.
The first is stopped at one place, the second takes over and is stopped at another; then the first wakes, and the
second. One of them may go on, the other stops with a clear message; whatever is left is done by a third run."""

import chaoslib
from chaoslib import LIVE_SECONDS, clusterlib, wait_until

PLACES = ("P1.before", "P1.after", "P2.before", "P8.before", "P8.after", "P9.before", "P9.after", "P10.before")
KINDS = ("files", "update")


def cases():
    for number, first in enumerate(PLACES):
        for second, place in enumerate((*PLACES, "")):
            kind = KINDS[(number + second) % 2]
            yield f"two drivers, at {first} and {place or 'the end'}, {kind}", 24, first, place or "end", fight, \
                (kind, place)


def ends_clearly(driver):
    """Problem where a driver that lost ended otherwise than with one clear error."""
    errors = [line for line in driver.err.splitlines() if line.startswith("weir: ")]
    if driver.exit_status == 0:
        return None
    if driver.exit_status is None or driver.exit_status < 0 or len(errors) != 1 or "[" not in errors[0]:
        return f"the loser does not end with one clear error: {driver.describe()}"
    return None


def fight(stage, name, cell, phase, fault, kind, place):
    job = stage.make_job(name, kind)
    directory = stage.suite.make_directory(name + ".cluster")

    def side(number, arm):
        cluster = clusterlib.Cluster(directory / str(number), executors=0, cores=1, job=job.job,
                                     driver_env={"WEIR_FAIL": arm})
        cluster.start()
        cluster.add_executor()
        return cluster
    first = second = third = None
    try:
        first = side(1, f"{phase}:stop@2")
        if not wait_until(lambda: chaoslib.is_stopped(first.driver)):
            return f"the failpoint did not fire: {first.driver.describe()}"
        second = side(2, f"{place}:stop@2" if place else "")
        if place and not wait_until(lambda: chaoslib.is_stopped(second.driver)):
            return f"the failpoint did not fire: {second.driver.describe()}"
        if not place and second.driver.wait(LIVE_SECONDS) != 0:
            return f"the second driver does not end well: {second.driver.describe()}"
        stage.note(cell, phase, fault)
        first.driver.resume()
        if first.driver.wait(LIVE_SECONDS) is None:
            return f"the first driver does not end: {first.driver.describe()}"
        second.driver.resume()
        if second.driver.wait(LIVE_SECONDS) is None:
            return f"the second driver does not end: {second.driver.describe()}"
        problem = ends_clearly(first.driver) or ends_clearly(second.driver)
        if problem:
            return problem
        if 0 not in (first.driver.exit_status, second.driver.exit_status):
            third = side(3, "")
            if third.driver.wait(LIVE_SECONDS) != 0:
                return f"a third run fails: {third.driver.describe()}"
        return judge(stage, job, [c.driver for c in (first, second, third) if c])
    finally:
        for cluster in (first, second, third):
            if cluster:
                cluster.close()


def judge(stage, job, drivers):
    """The sink and the checkpoint as ever; consoles of two drivers overlap, so every table counts for itself."""
    if job.kind == "files":
        return stage.judge(job)
    expected = {t.batch: t.sorted_text() for t in chaoslib.weirlib.split_console(stage.references[job.kind])}
    seen = set()
    for driver in drivers:
        for table in chaoslib.weirlib.split_console(driver.out):
            if table.sorted_text() != expected.get(table.batch):
                return f"batch {table.batch} differs:\n{table.text}"
            seen.add(table.batch)
    if seen != set(expected):
        return f"batches {sorted(seen)} were printed, not {sorted(expected)}"
    return chaoslib.weirlib.verify_checkpoint(job.checkpoint, chaoslib.crash_jobs.RETAIN)
