"""Cells 9 to 11 of the fault matrix: partitions, a slow link and lost packets between hosts, each a network namespace.
A long job runs over a driver and three executors; each fault lasts a while under it, then it is healed."""

import time

import chaoslib
import net_hosts
import stream_job
from chaoslib import weirlib

EXECUTORS = 3
SECONDS = 3.0     # longer than the time-out of heartbeats
BATCHES = 6       # that are added under each fault
STUCK_SECONDS = 15  # a partition between executors alone must not stop the job for longer


def drop_both(net):
    net.hosts[0].drop_from(net.hosts[1])
    net.hosts[1].drop_from(net.hosts[0])


def drop_to_executor(net):
    net.hosts[1].drop_from(net.hosts[0])


def drop_to_driver(net):
    net.hosts[0].drop_from(net.hosts[1])


def drop_between_executors(net):
    """One from the two others: whoever owns the splits, somebody cannot fetch."""
    for other in net.hosts[2:]:
        net.hosts[1].drop_from(other)
        other.drop_from(net.hosts[1])


def drop_driver_from_all(net):
    for host in net.hosts[1:]:
        net.hosts[0].drop_from(host)


def lose_packets(net):
    for host in net.hosts:
        host.drop_randomly(10)


def slow_links(net):
    for host in net.hosts[1:]:
        host.slow_down("64kbit")


# name: cell, phase, fault, what to do, whether the job must go on while it lasts
FAULTS = {
    "driver and one executor, both ways": (9, "any", "both ways", drop_both, True),
    "driver to one executor": (9, "any", "to executor", drop_to_executor, True),
    "one executor to the driver": (9, "any", "to driver", drop_to_driver, True),
    "driver and all executors": (9, "any", "all", drop_driver_from_all, False),
    "links of 64 kbit/s": (10, "P4", "slow", slow_links, True),
    "one packet of ten": (11, "any", "loss", lose_packets, True),
    # The last: one of the two gets no work for a while afterwards.
    "one executor and the others": (9, "P4", "executors", drop_between_executors, True),
}


def cases():
    yield "partitions, slow links, lost packets", "9-11", "any", "network", disturb_network, ()


def expected_cells():
    return {(cell, phase, fault) for cell, phase, fault, _, _ in FAULTS.values()}


def run_fault(stage, cluster, job, name):
    cell, phase, fault, act, goes_on = FAULTS[name]
    net, target = cluster.net, job.added + BATCHES
    job.add(1)
    if not stream_job.wait_batches(job, job.added):
        return f"{name}: the job stands before the fault: {cluster.driver.describe()}"
    act(net)
    started = time.monotonic()
    job.add(BATCHES // 2)
    if goes_on and not stream_job.wait_batches(job, job.added, STUCK_SECONDS):
        return f"{name}: no progress for {STUCK_SECONDS} s: {cluster.driver.describe()}"
    time.sleep(max(0.0, started + SECONDS - time.monotonic()))
    held = sum(host.delayed_packets() for host in net.hosts)
    dropped = net.heal()
    if not (held if fault == "slow" else dropped):
        return f"{name}: nothing was dropped or held back"
    stage.note(cell, phase, fault)
    job.add(target - job.added)
    problem = job.wait_done() or job.judge(stream_job.DriverOutputs(cluster).texts())
    if problem:
        return f"{name}: {problem}; {cluster.driver.describe()}"
    big = [f"{p.describe()}: {chaoslib.memory_mb(p):.0f} MB" for p in [cluster.driver, *cluster.executors]
           if chaoslib.memory_mb(p) > 150]
    if big:
        return f"{name}: queues grew: {big}"
    if not chaoslib.wait_until(lambda: len((cluster.driver.status() or {}).get("executors", ())) == EXECUTORS):
        return f"{name}: {cluster.driver.status()} after it was healed"
    return None


def disturb_network(stage, name, _cell, _phase, _fault):
    reason = net_hosts.why_not()
    if reason:
        print(f"skipped: cells 9, 10 and 11: no network namespaces: {reason}")
        return None
    source = stream_job.Input(stage.suite, (BATCHES + 1) * len(FAULTS) + 2, 40)
    job = stream_job.StreamJob(stage.suite.make_directory(name), source)
    with net_hosts.NetCluster(stage.suite.make_directory(name + ".cluster"), EXECUTORS + 1, job=job.job) as cluster:
        cluster.wait_executors(EXECUTORS)
        for fault in FAULTS:
            problem = run_fault(stage, cluster, job, fault)
            if not stage.suite.check(f"cell {FAULTS[fault][0]}: {fault}", problem):
                break
        cluster.driver.terminate()
        if cluster.driver.wait(chaoslib.LIVE_SECONDS) != 0:
            return f"SIGTERM does not end the driver well: {cluster.driver.describe()}"
        return weirlib.verify_checkpoint(job.checkpoint("counts"), stream_job.RETAIN)
