#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How many of PySpark's own Spark Connect tests pass against Weir, by module.

    python tests/peer/pyspark_share.py [--weir build/release/weir] [--all] [--update] [MODULE...]

Runs ../shared/peer/pyspark_tests.py (the tests, and which of them a real Spark passes) against a driver of its own and
prints `module: passed of baseline`. pyspark_share.json beside this file has the names of those that passed when it was
written (`--update`); one that passed and does so no more is an error. Without modules the quick ones are run, those
that CI has time for; --all runs all that the baseline names. Without ../shared it says so and ends well.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARE = HERE / "pyspark_share.json"
PEER = ROOT.parent / "shared/peer"
# Whole or nearly so, and seconds each.
QUICK = [
    "arrow.test_parity_arrow",
    "client.test_artifact",
    "streaming.test_parity_streaming",
    "test_connect_error",
    "test_connect_session",
    "test_parity_collection",
    "test_parity_column",
    "test_parity_conf",
    "test_parity_creation",
    "test_parity_errors",
    "test_parity_group",
    "test_parity_sql",
]


class Driver:
    def __init__(self, weir, directory, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(log, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [weir, "driver", "--master", "local[2]", "--connect", "127.0.0.1:%d" % self.port],
            cwd=directory,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit("the driver did not open its port: see %s" % log)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        return self.process.returncode


def tests(*arguments):
    return [sys.executable, str(PEER / "pyspark_tests.py"), *arguments]


def run_module(port, cache, module, seconds):
    """The names that passed, of those that a real Spark passes, and how many those are."""
    result = cache / (module + ".json")
    result.unlink(missing_ok=True)
    subprocess.run(
        tests("--cache", str(cache), "--remote", "sc://localhost:%d" % port, "--seconds", str(seconds))
        + ["--json", str(result), module],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if not result.exists():
        return [], 0
    (names,) = json.loads(result.read_text("utf-8")).values()
    return names["passed"], len(names["passed"]) + len(names["failed"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weir", default=os.environ.get("WEIR", "build/release/weir"))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--update", action="store_true", help="write what passed into pyspark_share.json")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/weir-peer")
    parser.add_argument("--seconds", type=float, default=240, help="limit for one module")
    parser.add_argument("modules", nargs="*")
    args = parser.parse_args()
    if not (PEER / "pyspark_tests.py").exists():
        print("skipped: PySpark's tests are not here (%s)" % PEER)
        return 0
    baseline = json.loads((PEER / "pyspark_baseline.json").read_text("utf-8"))
    share = json.loads(SHARE.read_text("utf-8")) if SHARE.exists() else {}
    modules = args.modules or (sorted(baseline) if args.all else QUICK)
    args.cache.mkdir(parents=True, exist_ok=True)
    where = subprocess.run(
        tests("--cache", str(args.cache), "--where"), capture_output=True, text=True, check=True
    ).stdout.strip()
    total, lost, of = 0, [], 0
    log = os.path.join(tempfile.mkdtemp(prefix="weir-share-"), "driver.log")
    driver = Driver(os.path.abspath(args.weir), where, log)
    try:
        for module in modules:
            passed, count = run_module(driver.port, args.cache, module, args.seconds)
            print("%s: %d of %d" % (module, len(passed), count), flush=True)
            lost += ["%s %s" % (module, name) for name in share.get(module, []) if name not in passed]
            total, of = total + len(passed), of + count
            share[module] = passed
            if driver.process.poll() is not None:
                raise SystemExit("the driver died in %s: see %s" % (module, log))
    finally:
        status = driver.close()
    print("%d of %d" % (total, of))
    if status != 0:
        print("the driver ended with status %d: see %s" % (status, log))
    if args.update:
        SHARE.write_text(json.dumps(dict(sorted(share.items())), indent=0) + "\n", "utf-8")
        return 0
    for name in lost:
        print("lost: %s" % name)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
