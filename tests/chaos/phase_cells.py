"""Cells 1 to 7, 20 and 31 of the fault matrix: something happens to the driver or to an executor in every phase of a
batch, held there by a failpoint. kill: SIGKILL. stop: SIGSTOP, found out, woken. term: SIGTERM while in that phase."""

import re
import signal
import time

import chaoslib
from chaoslib import LIVE_SECONDS, clusterlib, wait_until, weirlib

STATEFUL, STATELESS, BOTH = ("update",), ("files",), ("update", "files")
EXECUTOR_POINTS = {
    "P3.mid": BOTH, "P4.before": STATEFUL, "P4.after": STATEFUL, "P4.serve": STATEFUL, "P4.fetch": STATEFUL,
    "P5.before": STATEFUL, "P5.mid": STATEFUL, "P5.after": STATEFUL, "P6.before": STATELESS, "P6.after": STATELESS,
    "P7.before": STATEFUL, "P7.after": BOTH,
}
DRIVER_POINTS = {
    "P0.before": 1, "P1.before": 1, "fs.create.before_link": 2, "fs.create.after_link": 2, "P1.after": 2,
    "P2.before": 3, "P8.before": 4, "P8.after": 4, "P9.before": 4, "P9.after": 4, "P10.before": 5, "P10.purge": 5,
}
OFFSETS_LOGGED = ("P1.after", "P2.before")
POISON, POISON_EXECUTORS, POISON_ATTEMPTS = "POISON", 6, 4


def cases():
    """(name, cell, phase, fault, function, arguments)"""
    for point, kinds in EXECUTOR_POINTS.items():
        for kind in kinds:
            yield f"executor killed at {point}, {kind}", 6, point, "kill", kill_executor, (kind, point, 2)
            yield f"executor stopped at {point}, {kind}", 7, point, "stop", stop_executor, (kind, point)
            yield f"executor drained at {point}, {kind}", 31, point, "term", drain_executor, (kind, point)
        yield f"all executors killed at {point}", 6, point, "kill all", kill_executor, (kinds[0], point, 1)
        yield f"driver killed while an executor is at {point}", 3, point, "kill driver", kill_driver_during, \
            (kinds[0], point)
    for point, cell in DRIVER_POINTS.items():
        for kind in BOTH:
            yield f"driver killed at {point}, {kind}", cell, point, "kill", kill_driver, (kind, point)
        if not point.startswith("fs."):
            kind = BOTH[len(point) % 2]
            yield f"driver stopped at {point}, {kind}", 7, point, "stop", stop_driver, (kind, point)
            yield f"driver ended at {point}, {kind}", 31, point, "term", end_driver, (kind, point)
    yield "a record that kills its executor", 20, "P3.poison", "kill", poison, ()


# ---- executors; the job is submitted, so that all of them are there when it starts ----

def submitted_cluster(stage, name, **options):
    return clusterlib.Cluster(stage.suite.make_directory(name + ".cluster"), executors=0, cores=1, **options)


def run_disturbed(stage, name, kind, arm, disturb):
    """A submitted job over two executors with WEIR_FAIL=arm: who comes to that place depends on who owns splits and
    partitions. disturb(cluster, victims) gives a problem while the job runs; one that it adds is not armed."""
    job = stage.make_job(name, kind)
    job.swept = False
    with submitted_cluster(stage, name) as cluster:
        victims = [cluster.add_executor(env={"WEIR_FAIL": arm}) for _ in range(2)]
        cluster.wait_executors(2)
        client = cluster.start_job(job.job)
        problem = disturb(cluster, victims)
        run = client.finish(LIVE_SECONDS)
        job.printed.append(run.out)
        return problem or run.problem() or stage.judge(job)


def kill_executor(stage, name, cell, phase, fault, kind, point, occurrence):
    """The first that comes there, or each of them at its first time, dies; new ones take over."""
    def disturb(cluster, victims):
        if not wait_until(lambda: any(not v.running for v in victims)):
            return f"the failpoint did not fire: {victims[0].describe()}"
        cluster.add_executor()
        cluster.clients[0].wait(LIVE_SECONDS)
        died = [v for v in victims if not v.running]
        if any(v.exit_status != -signal.SIGKILL or point not in chaoslib.fired_points(v) for v in died):
            return f"ended otherwise: {died[0].describe()}"
        stage.note(cell, phase, fault, len(died))
        return None
    return run_disturbed(stage, name, kind, f"{point}:kill@{occurrence}", disturb)


def stop_executor(stage, name, cell, phase, fault, kind, point):
    def disturb(cluster, victims):
        if not wait_until(lambda: any(chaoslib.is_stopped(v) for v in victims)):
            return f"the failpoint did not fire: {victims[0].describe()}"
        cluster.add_executor()
        ended = cluster.clients[0].wait(LIVE_SECONDS)
        stopped = [v for v in victims if chaoslib.is_stopped(v)]
        for victim in stopped:
            victim.resume()
        if ended is None:
            return f"the job waits for a stopped executor: {cluster.driver.describe()}"
        # What they say when they wake is refused; then they begin anew.
        if not wait_until(lambda: len(cluster.live_executors()) == 3):
            return f"a woken executor did not come back: {stopped[0].describe()}"
        refused = chaoslib.count_named(cluster.driver.status(), "refused", "fenced") + \
            sum(chaoslib.count_named(v.status(), "refused", "fenced") for v in stopped)
        if not refused:
            return f"nothing of the woken executor was refused: {cluster.driver.status()}, {stopped[0].status()}"
        stage.note(cell, phase, fault, len(stopped))
        return stage.end_executors(cluster)
    return run_disturbed(stage, name, kind, f"{point}:stop@2", disturb)


def drain_executor(stage, name, cell, phase, fault, kind, point):
    def disturb(cluster, victims):
        if not wait_until(lambda: any(chaoslib.is_stopped(v) for v in victims)):
            return f"the failpoint did not fire: {victims[0].describe()}"
        cluster.add_executor()
        end = time.monotonic() + LIVE_SECONDS
        told = []
        while cluster.clients[0].running and time.monotonic() < end:
            for victim in [v for v in victims if v not in told and chaoslib.is_stopped(v)]:
                told.append(victim)
                victim.terminate()
                victim.resume()
            time.sleep(0.02)
        for victim in told:
            if victim.wait(LIVE_SECONDS) != 0:
                return f"SIGTERM does not end it well: {victim.describe()}"
        stage.note(cell, phase, fault, len(told))
        return None
    return run_disturbed(stage, name, kind, f"{point}:stop@2", disturb)


# ---- the driver; the job is its --job, so that it can be started again ----

def run_driver(stage, name, kind, arm, disturb, executor_arm=""):
    """disturb(cluster) sees to it that the driver ends, or goes on; then it runs again until the job is done. Where
    executors are armed the driver waits in its first batch until both are there."""
    grown = stage.files - 2
    job = stage.make_job(name, kind, first=grown)
    directory = stage.suite.make_directory(name + ".cluster")
    with clusterlib.Cluster(directory, executors=0, cores=1, job=job.job, driver_env={"WEIR_FAIL": arm}) as cluster:
        for _ in range(2):
            cluster.add_executor(env={"WEIR_FAIL": executor_arm})
        if executor_arm:
            let_both_in(cluster)
        problem = disturb(cluster)
        if problem:
            return problem
        if cluster.driver.running:
            problem = stage.finish_run(cluster, job)
            if problem:
                return problem
            job.printed.pop()
        # The source has grown: a batch whose offsets are logged keeps its files.
        stage.grow(job, grown)
        cluster.driver_env = {}
        # An executor that was woken may still be writing what nobody wants: it ends before all is judged.
        problem = stage.resume_run(cluster, job) or stage.end_executors(cluster) or stage.judge(job)
        return problem


def let_both_in(cluster):
    """The driver stands still while the executors knock; then it hears both at once."""
    wait_until(lambda: chaoslib.is_stopped(cluster.driver))
    wait_until(lambda: all("listens at" in executor.err for executor in cluster.executors))
    time.sleep(0.6)  # until their connections wait in the driver's queue
    cluster.driver.resume()


def kill_driver(stage, name, cell, phase, fault, kind, point):
    def disturb(cluster):
        if cluster.driver.wait(LIVE_SECONDS) != -signal.SIGKILL:
            return f"the failpoint did not fire: {cluster.driver.describe()}"
        stage.note(cell, phase, fault)
        return None
    occurrence = 6 if point.startswith("fs.") else 2
    return run_driver(stage, name, kind, f"{point}:kill@{occurrence}", disturb)


def kill_driver_during(stage, name, cell, phase, fault, kind, point):
    """The executor stands still in its phase while the driver dies: what it does afterwards belongs to nobody."""
    def disturb(cluster):
        if not wait_until(lambda: any(chaoslib.is_stopped(e) for e in cluster.executors)):
            return f"the failpoint did not fire: {cluster.executors[0].describe()}"
        cluster.driver.kill()
        for executor in cluster.executors:
            executor.resume()
        # The other one may come to that place later, and stands there until it is woken.
        cluster.executor_env = {}
        cluster.add_executor()
        stage.note(cell, phase, fault)
        return None
    return run_driver(stage, name, kind, "P1.before:stop@1", disturb, f"{point}:stop@1")


def stop_driver(stage, name, cell, phase, fault, kind, point):
    def disturb(cluster):
        if not wait_until(lambda: chaoslib.is_stopped(cluster.driver)):
            return f"the failpoint did not fire: {cluster.driver.describe()}"
        time.sleep(2.5)
        cluster.driver.resume()
        stage.note(cell, phase, fault)
        return None
    return run_driver(stage, name, kind, f"{point}:stop@2", disturb)


def end_driver(stage, name, cell, phase, fault, kind, point):
    def disturb(cluster):
        if not wait_until(lambda: chaoslib.is_stopped(cluster.driver)):
            return f"the failpoint did not fire: {cluster.driver.describe()}"
        cluster.driver.terminate()
        cluster.driver.resume()
        if cluster.driver.wait(LIVE_SECONDS) != 0:
            return f"SIGTERM does not end it well: {cluster.driver.describe()}"
        stage.note(cell, phase, fault)
        return None
    return run_driver(stage, name, kind, f"{point}:stop@2", disturb)


# ---- a record that kills ----

def poison(stage, name, cell, phase, fault):
    """Bounded attempts, then FAILED with the splits named; other executors live, and other jobs run."""
    job = stage.make_job(name, "update", first=2)
    rows = [{**row, "key": POISON if row["seq"] == 7 else row["key"]} for row in weirlib.numbered_rows(2, stage.rows)]
    weirlib.write_lines(job.input / "file-0002.json", rows, 1600000020)
    with submitted_cluster(stage, name) as cluster:
        for _ in range(POISON_EXECUTORS):
            cluster.add_executor(env={"WEIR_FAIL": "P3.poison:kill"})
        cluster.wait_executors(POISON_EXECUTORS)
        run = cluster.submit(job.job, LIVE_SECONDS)
        killed = [e for e in cluster.executors if e.exit_status == -signal.SIGKILL]
        stage.note(cell, phase, fault, len(killed))
        if not 2 <= len(killed) <= POISON_ATTEMPTS or len(killed) != len(cluster.executors) - \
                sum(e.running for e in cluster.executors):
            return f"{len(killed)} executors died, {sum(e.running for e in cluster.executors)} run"
        if run.hung or run.status <= 0 or not re.search(r"\bfile-0002\.json\b", run.err):
            return f"the error does not name the file: {run.describe()}"
        other = stage.make_job(name + " after", "files")
        after = cluster.submit(other.job, LIVE_SECONDS)
        other.printed.append(after.out)
        return after.problem() or stage.judge(other)
