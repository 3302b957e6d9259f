#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""PySpark scripts that end without spark.stop(), as most in the field do: the interpreter must exit, in time and as
the script's own end says. Each ending runs several times: what goes wrong at an interpreter's exit is a race.

    python tests/peer/check_connect_exit.py [--on sc://HOST:PORT]

--on: against a server that runs already, such as Spark's own.
"""

import argparse
import subprocess
import sys
import tempfile
import time

import connect_driver

TIMES = 4
SECONDS = 15
START = """
import sys, tempfile
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
directory = tempfile.mkdtemp(dir=sys.argv[2])
"""
QUERY = """
query = (spark.readStream.schema("a INT").json(directory).groupBy("a").count().writeStream.format("memory")
         .queryName("counts").outputMode("complete").start())
with open(directory + "/x.json", "w") as out:
    out.write('{"a":1}\\n')
query.processAllAvailable()
print(spark.table("counts").collect()[0]["count"])
"""
# A listener's thread ends with the first event after the script's end, which is the one of an idle query.
LISTENER = """
spark.conf.set("spark.sql.streaming.noDataProgressEventInterval", "500ms")
from pyspark.sql.streaming import StreamingQueryListener
class Listener(StreamingQueryListener):
    def onQueryStarted(self, event): pass
    def onQueryProgress(self, event): pass
    def onQueryIdle(self, event): pass
    def onQueryTerminated(self, event): pass
spark.streams.addListener(Listener())
"""
# name: (script, the exit's status); the client itself complains at the end of a generator that is not exhausted
ENDINGS = {
    "a batch query": ("print(spark.range(1).count())\n", 0),
    "half a result": ("print(1)\nrows = spark.range(3000000).toLocalIterator()\nnext(rows)\n", 0),
    "a stopped stream": (QUERY + "query.stop()\n", 0),
    "a running stream": (QUERY, 0),
    "a stream with a listener": (LISTENER + QUERY, 0),
    "a script's own error": (QUERY + "raise SystemExit(3)\n", 3),
}


def run_script(checks, name, url, directory):
    script, status = ENDINGS[name]
    path = f"{directory}/{name.replace(' ', '_').replace(chr(39), '')}.py"
    with open(path, "w", encoding="ascii") as out:
        out.write(START + script)
    for number in range(TIMES):
        started = time.monotonic()
        try:
            done = subprocess.run([sys.executable, "-W", "ignore", path, url, directory], capture_output=True,
                                  text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            checks.check(f"{name} ends", False, f"not in {SECONDS} s, time {number + 1}; it printed {error.output}")
            return 0.0
        checks.check(f"{name} ends well", done.returncode == status and done.stdout == "1\n" and
                     "Traceback" not in done.stderr.split("Exception ignored")[0],
                     f"status {done.returncode}: {done.stdout}{done.stderr}")
        seconds = time.monotonic() - started
    print(f"{name}: {seconds:.1f} s", flush=True)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--on")
    url = parser.parse_args().on
    checks = connect_driver.Checks("scripts without stop()")
    driver = None if url else connect_driver.Driver()
    with tempfile.TemporaryDirectory(prefix="weir-exit-") as directory:
        slowest = max(run_script(checks, name, url or driver.url, directory) for name in ENDINGS)
    problem = driver.close() if driver else None
    checks.check("the driver ends well", problem is None, problem)
    print(f"the slowest script took {slowest:.1f} s")
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
