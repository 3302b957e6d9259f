#!/usr/bin/env python3
"""A shuffle-heavy job whose blocks fit spark.executor.memory beside one that must spill them: seconds and ratio.

    bench/shuffle_spill.py [--rows N] [--memory M...]      with build/release/weir, or $WEIR
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR", str(ROOT / "build/release/weir"))
SQL = "SELECT key, count(*) AS n FROM events GROUP BY key"


def run_once(directory, memory):
    """Seconds of one run; raises where it fails."""
    conf = {"spark.sql.shuffle.partitions": 8, "spark.weir.files.splitBytes": "1m", "spark.executor.memory": memory,
            "spark.local.dir": str(directory / "local")}
    source = {"format": "json", "schema": "key STRING", "options": {"path": str(directory / "events")}}
    query = {"name": "q", "sql": SQL, "outputMode": "update", "trigger": {"availableNow": True},
             "sink": {"format": "noop"}}
    job = directory / "job.yaml"
    job.write_text(json.dumps({"name": "spill", "conf": conf, "sources": {"events": source}, "queries": [query]}))
    start = time.monotonic()
    subprocess.run([WEIR, "run", job, "--progress", "none"], capture_output=True, check=True)
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4000000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", nargs="+", default=["4g", "300m", "250m"], help="the first one fits")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        subprocess.run([WEIR, "gen", "events", "--rows", str(arguments.rows), "--keys", str(arguments.rows // 2),
                        "--files", "20", directory / "events"], check=True, stderr=subprocess.DEVNULL)
        fits = None
        for memory in arguments.memory:
            seconds = statistics.median(run_once(directory, memory) for _ in range(arguments.runs))
            fits = fits or seconds
            print(f"{memory:>8}  {seconds:6.2f} s  {seconds / fits:5.2f}x")


if __name__ == "__main__":
    sys.exit(main())
