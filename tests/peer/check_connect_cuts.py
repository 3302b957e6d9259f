#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A proxy cuts TCP connections at random while 20 stock clients collect large results and run streams: every result
is right, and the driver has nothing left of it when they are gone.

    check_connect_cuts.py [SEED]
"""

import asyncio
import logging
import random
import sys
import threading
import time
import warnings

from connect_driver import Checks, Driver

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

from pyspark.sql.connect import functions as F  # noqa: E402
from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: E402
from pyspark.sql.connect.session import SparkSession  # noqa: E402

CLIENTS = 20
ROUNDS = 3
ROWS = 60000
CUT_SECONDS = 0.4  # how long a connection lives, on average
LEFT_SECONDS = 20


class Proxy:
    """Passes bytes on; each connection is cut after a random time, in the middle of whatever it carries."""

    def __init__(self, port, seed):
        self.target, self.rng, self.cuts, self.cutting = port, random.Random(seed), 0, True
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        async def serve():
            server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()
        self.loop.run_until_complete(serve())

    async def connected(self, reader, writer):
        there, out = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [asyncio.ensure_future(self.carry(reader, out)), asyncio.ensure_future(self.carry(there, writer))]
        limit = self.rng.expovariate(1 / CUT_SECONDS) if self.cutting else None
        _, running = await asyncio.wait(ways, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if len(running) == 2:
            self.cuts += 1
        for task in running:
            task.cancel()
        for one in writer, out:
            one.transport.abort()

    @staticmethod
    async def carry(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass


def work(url, index, problems):
    """One client; what is wrong goes to `problems`."""
    try:
        own = DefaultChannelBuilder(url, [("grpc.use_local_subchannel_pool", 1)])  # a connection of its own
        spark = SparkSession.builder.channelBuilder(own).create()
        for round_number in range(ROUNDS):
            first = index * 1000 + round_number
            frame = spark.range(first, first + ROWS).select("id", F.lit("z" * 20).alias("text"))
            table = frame.toPandas()
            if list(table["id"]) != list(range(first, first + ROWS)) or set(table["text"]) != {"z" * 20}:
                problems.append(f"client {index}: {len(table)} rows, or wrong ones")
        if index % 2 == 0:
            stream(spark, index, problems)
        spark.stop()
    except Exception as error:  # pylint: disable=broad-except
        problems.append(f"client {index}: {type(error).__name__}: {str(error)[:300]}")


def stream(spark, index, problems):
    source = spark.readStream.format("rate").option("rowsPerSecond", 100).load().select("value")
    query = source.writeStream.format("memory").queryName(f"cut_{index}").trigger(
        processingTime="100 milliseconds").start()
    query.awaitTermination(2)
    query.stop()
    values = sorted(row.value for row in spark.table(f"cut_{index}").collect())
    if not values or values != list(range(len(values))):
        problems.append(f"client {index}: the stream's rows are {values[:5]}.. ({len(values)})")


def settled(driver, before):
    """None once threads and descriptors are what they were, else what is left."""
    until = time.monotonic() + LEFT_SECONDS
    while True:
        now = driver.descriptors()
        if now <= before + 2:
            return None
        if time.monotonic() > until:
            return f"{now} descriptors, before {before}"
        time.sleep(0.2)


def main():
    checks = Checks("check_connect_cuts")
    driver = Driver()
    warm = []
    work(driver.url, 0, warm)  # what is made once, such as the executor
    checks.check("without cuts", not warm, warm)
    checks.check("at rest", (left := settled(driver, 40)) is None, left)
    before = driver.descriptors()
    proxy = Proxy(driver.port, int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    problems, memory = [], []
    for turn in "first", "second":
        threads = [threading.Thread(target=work, args=(f"sc://localhost:{proxy.port}", i, problems))
                   for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        checks.check(f"{turn}: all clients end", not any(thread.is_alive() for thread in threads))
        checks.check(f"{turn}: every result is right", not problems, problems)
        checks.check(f"{turn}: connections were cut", proxy.cuts > CLIENTS, proxy.cuts)
        checks.check(f"{turn}: nothing is left", (left := settled(driver, before)) is None, left)
        memory.append(driver.memory_mb())
    checks.check("memory does not grow", memory[1] < memory[0] + 60, memory)
    print(f"{proxy.cuts} cuts, {memory[1]:.0f} MB")
    checks.check("ends well", (problem := driver.close()) is None, problem)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
