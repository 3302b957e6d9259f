#!/usr/bin/env python3
"""A driver and executors as processes: jobs submitted to them, and jobs of their own, print and write what local
mode does, byte for byte; two executors share the work, by their own counters; commands start, stop and signal."""

import json
import os
import re
import sys
import urllib.error
import urllib.request

import crash_jobs
import weirlib
from clusterlib import Cluster, Process, make_secret, wait_for
from it_determinism import first_difference, parts_of

FILES, ROWS, KEYS = 6, 400, 300
CONF = {"spark.weir.files.splitBytes": "8k", "spark.sql.shuffle.partitions": 5}


def job_in(suite, source, kind, name):
    job = crash_jobs.CrashJob(kind, suite.make_directory(f"{kind} {name}"), CONF)
    weirlib.link_files(source, job.input)
    return job


def outcome(job, run):
    return parts_of(job.output) if job.kind == "files" else run.out


def make_references(suite, source):
    references = {}
    for kind in crash_jobs.KINDS:
        job = job_in(suite, source, kind, "local")
        run = job.run()
        suite.check(f"{kind} in local mode", run.problem())
        references[kind] = outcome(job, run)
    return references


def check_same(suite, name, job, run, reference):
    if suite.check(f"{name} ends well", run.problem()):
        output = outcome(job, run)
        suite.check(f"{name} as in local mode",
                    None if output == reference else first_difference(reference, output))
        suite.check(f"{name}: the checkpoint", weirlib.verify_checkpoint(job.checkpoint, crash_jobs.RETAIN))


def check_submitted(suite, source, references):
    """Three jobs at once on one cluster, in directories of their own, their paths relative to them."""
    with Cluster(suite.make_directory("submitted"), executors=2) as cluster:
        jobs = {kind: job_in(suite, source, kind, "submitted") for kind in crash_jobs.KINDS}
        clients = {kind: cluster.start_job(job.job, cwd=job.directory) for kind, job in jobs.items()}
        for kind, client in clients.items():
            check_same(suite, f"{kind}, submitted", jobs[kind], client.finish(), references[kind])
        check_counters(suite, cluster)
        suite.expect_equal("executors drain with status 0", [e.stop() for e in cluster.executors], [0, 0])
        suite.expect_equal("a driver without jobs stops with status 0", cluster.driver.stop(), 0)
        suite.expect_equal("the driver prints nothing", cluster.driver.out, "")


def check_counters(suite, cluster):
    for number, executor in enumerate(cluster.executors):
        status = executor.status()
        if not suite.check(f"executor {number} answers", None if status else executor.describe()):
            continue
        suite.expect_equal(f"executor {number}'s role", (status["role"], status["status"]), ("executor", "ok"))
        for counter in ("shuffleBytesReceived", "keysOwned", "epochsRun"):
            value = status["counters"].get(counter)
            suite.check(f"executor {number}: {counter} > 0", None if value and value > 0 else f"{counter}: {value}")


def check_two_executors_count(suite):
    """A long-running stateful job: what each executor owns while it runs, and the answer."""
    directory = suite.make_directory("two executors")
    source = directory / "in"
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    query = weirlib.console_query("q", crash_jobs.UPDATE, "complete", directory / "checkpoint")
    query["trigger"] = {"processingTime": "50 milliseconds"}
    job = weirlib.write_job(directory / "job.yaml", {"events": weirlib.json_source(weirlib.NUMBERED_SCHEMA, source)},
                            [query], {**crash_jobs.CONF, **CONF})
    with Cluster(directory / "cluster", executors=2, secret=make_secret(directory / "secret")) as cluster:
        client = cluster.start_job(job)
        wait_for(lambda: weirlib.split_console(client.out), client.describe)
        tables = weirlib.split_console(client.out)
        rows = [row for file in range(FILES) for row in weirlib.numbered_rows(file, ROWS, KEYS)]
        counts = {}
        for row in rows:
            counts[row["key"]] = counts.get(row["key"], 0) + 1
        suite.expect_equal("two executors: the answer", {c[0]: int(c[1]) for c in tables[-1].cells}, counts)
        owned = [c["keysOwned"] for c in cluster.counters()]
        suite.expect_equal("two executors own all keys", sum(owned), len(counts))
        suite.check("both own some", None if min(owned) > 0 else f"keys owned: {owned}")
        received = [c["shuffleBytesReceived"] for c in cluster.counters()]
        suite.check("both received blocks", None if min(received) > 0 else f"bytes received: {received}")
        client.terminate()
        run = client.finish(10)
        suite.check("Ctrl-C ends a submitted job with status 0", run.problem())
        suite.expect_equal("the driver has no job then", cluster.driver.status().get("jobs"), 0)


def check_own_job(suite, source, references):
    """weir driver --job: no executor yet, one comes, the driver ends with the job."""
    job = job_in(suite, source, "complete", "of the driver")
    driver_directory = suite.make_directory("driver with a job")
    driver = Process(["driver", "--listen", "tcp://127.0.0.1:0", "--job", job.job, "--progress", "json"],
                     job.directory)
    executor = None
    try:
        wait_for(lambda: "executor" in driver.err, driver.describe, 10)
        suite.check("a driver waits for an executor", None if driver.running else driver.describe())
        executor = Process(["executor", "--driver", driver.url, "--cores", "1"], driver_directory)
        suite.expect_equal("a driver ends with its job", driver.wait(20), 0)
        suite.expect_equal("--job prints what local mode prints", driver.out, references["complete"])
        progress = [json.loads(line) for line in driver.err.splitlines() if line.startswith("{")]
        suite.expect_equal("--progress json", [p["batchId"] for p in progress if p["numInputRows"]],
                           list(range(FILES)))
        suite.check("its executor waits for another driver", None if executor.running else executor.describe())
        suite.expect_equal("an executor without a driver ends with 0", executor.stop(10), 0)
    finally:
        driver.stop(5)
        if executor:
            executor.stop(5)
    bad = weirlib.write_job(driver_directory / "bad.yaml", {"s": {"format": "rate"}}, [
        {"name": "q", "sql": "SELECT missing FROM s", "sink": {"format": "noop"}}])
    run = weirlib.run_weir(["driver", "--listen", "tcp://127.0.0.1:0", "--job", bad], driver_directory)
    suite.check("a driver's job that cannot be planned", weirlib.clear_error(run, "UNRESOLVED_COLUMN", "missing"))


def fetch(url, method="GET", host=None):
    request = urllib.request.Request(url, method=method, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def check_http(suite):
    directory = suite.make_directory("http")
    driver = Process(["driver", "--listen", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0"], directory)
    try:
        url = wait_for(lambda: re.search(r"http: listens at (\S+)$", driver.err, re.M), driver.describe).group(1)
        status, body = fetch(url + "/healthz")
        suite.expect_equal("/healthz", (status, json.loads(body)["role"], json.loads(body)["status"]),
                           (200, "driver", "ok"))
        suite.expect_equal("/healthz with a query", fetch(url + "/healthz?x=1")[0], 200)
        port = url.rsplit(":", 1)[1]
        for name, expected, arguments in (
                ("another path", 404, {"url": url + "/"}),
                ("a longer path", 404, {"url": url + "/healthz/x"}),
                ("POST", 405, {"url": url + "/healthz", "method": "POST"}),
                ("HEAD", 405, {"url": url + "/healthz", "method": "HEAD"}),
                ("a foreign Host", 403, {"url": url + "/healthz", "host": "rebound.example:" + port}),
                ("Host localhost", 200, {"url": url + "/healthz", "host": "localhost:" + port}),
                ("Host [::1]", 200, {"url": url + "/healthz", "host": "[::1]:" + port})):
            suite.expect_equal("http: " + name, fetch(**arguments)[0], expected)
        second = weirlib.run_weir(["driver", "--listen", "tcp://127.0.0.1:0", "--http", f"127.0.0.1:{port}"], directory)
        suite.check("http: port in use", weirlib.clear_error(second, "Address already in use", port))
        for address in ("127.0.0.1", ":1", "127.0.0.1:x", "nowhere.invalid:1"):
            run = weirlib.run_weir(["driver", "--listen", "tcp://127.0.0.1:0", "--http", address], directory)
            suite.check(f"http: {address}", weirlib.clear_error(run, address))
        suite.expect_equal("a driver with HTTP stops with 0", driver.stop(10), 0)
    finally:
        driver.stop(5)
    alone = directory / "alone"
    alone.mkdir()
    os.link(weirlib.WEIR, alone / "weir")
    run = weirlib.run_weir(["driver", "--listen", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0"], directory,
                           weir=str(alone / "weir"))
    suite.check("http: without the module", weirlib.clear_error(run, "NOT_FOUND", "weir-http.so"))


def main():
    suite = weirlib.Suite()
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES, ROWS, KEYS)
    references = make_references(suite, source)
    steps = [lambda: check_submitted(suite, source, references), lambda: check_two_executors_count(suite),
             lambda: check_own_job(suite, source, references), lambda: check_http(suite)]
    suite.run_parallel(lambda step: step(), steps)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
