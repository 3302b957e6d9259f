#!/usr/bin/env python3
"""What starting costs: `weir run` of an availableNow job on an empty folder, time and peak resident memory. The
bounds are loose, since other work may run beside it; a sanitizer's build has none."""

import os
import pathlib
import subprocess
import sys
import time

import weirlib

RUNS = 7
SECONDS_MAX, RESIDENT_MB_MAX = 0.2, 40
RELEASE = weirlib.ROOT / "build/release/weir"


def measure(weir, job, directory):
    """(seconds, peak MB, status). Memory is what the process itself says, seen every millisecond: rusage counts this
    script's pages, from before the exec."""
    started = time.monotonic()
    process = subprocess.Popen([weir, "run", str(job), "--progress", "none"], cwd=directory,
                               env=weirlib.make_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            text = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            peak = max([peak] + [int(line.split()[1]) / 1024 for line in text.splitlines() if "VmHWM" in line])
        except OSError:
            pass  # gone between the two calls
        time.sleep(0.001)
    return time.monotonic() - started, peak, process.returncode


def main():
    suite = weirlib.Suite()
    directory = suite.make_directory("start")
    (directory / "in").mkdir()
    source = weirlib.json_source(weirlib.NUMBERED_SCHEMA, directory / "in")
    sql = "SELECT key, count(*) AS n FROM events GROUP BY key"
    job = weirlib.write_job(directory / "job.yaml", {"events": source},
                            [weirlib.console_query("q", sql, "complete", directory / "checkpoint")])
    weir = str(RELEASE) if os.access(RELEASE, os.X_OK) else weirlib.WEIR
    with open(weir, "rb") as program:
        sanitized = b"__asan_init" in program.read() or b"__tsan_init" in open(weir, "rb").read()
    results = [measure(weir, job, directory) for _ in range(RUNS)]
    seconds, megabytes = min(r[0] for r in results), max(r[1] for r in results)
    print(f"{weir}: {seconds * 1000:.1f} ms, {megabytes:.1f} MB resident (best time, highest memory of {RUNS} runs)")
    suite.expect_equal("ends well", {r[2] for r in results}, {0})
    if not sanitized:
        suite.check("time", None if seconds < SECONDS_MAX else f"{seconds:.3f} s, at most {SECONDS_MAX}")
        suite.check("memory", None if megabytes < RESIDENT_MB_MAX else f"{megabytes:.1f} MB, at most {RESIDENT_MB_MAX}")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
