#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Clients of Spark 4.0, 4.1, 4.2 and 4.3 do the same things (connect_smoke.py) with one Weir driver. The older ones
are left out, with a message, where PyPI cannot be reached."""

import os
import pathlib
import subprocess
import sys

from connect_driver import Checks, Driver

HERE = pathlib.Path(__file__).resolve().parent
SECONDS_MAX = 180


def clients():
    made = subprocess.run([HERE / "make_clients.sh"], capture_output=True, text=True, check=False)
    if made.returncode:
        print(f"check_connect_clients: skipped: older clients ({made.stderr.strip()[-200:]})")
    return ["4.3.0="] + made.stdout.split()


def main():
    checks = Checks("check_connect_clients")
    driver = Driver()
    for client in clients():
        version, directory = client.split("=", 1)
        run = subprocess.run([sys.executable, HERE / "connect_smoke.py", driver.url], check=False,
                             env={**os.environ, "PYTHONPATH": directory}, timeout=SECONDS_MAX,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        checks.check(f"client {version}", run.returncode == 0 and f"client {version}:" in run.stderr, run.stderr)
    checks.check("ends well", (problem := driver.close()) is None, problem)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
