#!/usr/bin/env python3
"""The statements of tests/golden/sql on Weir, compared with what Spark answered when they were recorded: in one
process, with one partition, without broadcasts, and on three executor processes. Differences that are
meant stand in tests/golden/sql/known.txt, each with its reason. Needs python3-grpcio."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import connect_wire as wire  # noqa: E402
import sql_queries  # noqa: E402
import weirlib  # noqa: E402
from weirlib import WEIR, Suite  # noqa: E402

CONF = ("--conf", "spark.sql.session.timeZone=UTC")
WAYS = {
    "in one process": ("--master", "local[2]", *CONF, "--conf", "spark.sql.shuffle.partitions=2"),
    "one partition": ("--master", "local[1]", *CONF, "--conf", "spark.sql.shuffle.partitions=1"),
    "shuffled": ("--master", "local[2]", *CONF, "--conf", "spark.sql.shuffle.partitions=5",
                 "--conf", "spark.sql.autoBroadcastJoinThreshold=-1"),
}


def load_known():
    lines = (sql_queries.DIRECTORY / "known.txt").read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def check_family(suite, way, client, family, known):
    recorded = (sql_queries.DIRECTORY / (family + ".jsonl")).read_text("utf-8").splitlines()[1:]
    expected = {case.pop("sql"): case for case in map(json.loads, recorded)}
    for mark, statement in sql_queries.load(family):
        answer = sql_queries.ask(client, mark, statement)
        name = f"{family}, {way}: {statement}"
        if statement in known:
            suite.check(name + " (known)", "as Spark now" if answer == expected[statement] else None)
        else:
            suite.expect_equal(name, answer, expected.get(statement, "not recorded"))


def ask_all(suite, way, driver, known):
    client = wire.Client(driver.port)
    for family in sql_queries.families():
        check_family(suite, way, client, family, known)
    client.release()
    client.close()


def check_cluster(suite, known):
    directory = suite.make_directory("cluster")
    driver = wire.Driver(WEIR, directory, ("--listen", "tcp://127.0.0.1:0", *CONF, "--conf",
                                           "spark.sql.shuffle.partitions=4"))
    address = driver.await_log(r"listens at (tcp://127\.0\.0\.1:\d+)").group(1)
    executors = [subprocess.Popen([WEIR, "executor", "--driver", address, "--cores", "1"], cwd=directory,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for _ in range(3)]
    try:
        driver.await_log(r"executor 3 has registered")
        ask_all(suite, "3 executors", driver, known)
    finally:
        for executor in executors:
            executor.terminate()
        for executor in executors:
            executor.wait(30)
        driver.stop()


def main():
    if wire.grpc is None:
        weirlib.skip("python3-grpcio is not installed")
    if not (pathlib.Path(WEIR).parent / "weir-connect.so").exists():
        weirlib.skip("there is no weir-connect.so beside the program")
    suite, known = Suite(), load_known()
    for way, arguments in WAYS.items():
        driver = wire.Driver(WEIR, suite.make_directory(way.replace(" ", "-")), arguments)
        try:
            ask_all(suite, way, driver, known)
        finally:
            suite.expect_equal(f"{way}: the driver ends with 0", driver.stop(), 0)
    check_cluster(suite, known)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
