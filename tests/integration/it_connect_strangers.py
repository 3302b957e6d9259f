#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The driver's own Connect door, with the engine behind it: clients idle for hours (a keep-alive ping a minute,
here as fast as they go), plans and texts 100,000 levels deep, endless messages, garbage. A client that works beside
them does not notice, and memory stays bounded. Speaks HTTP/2 by hand (it_connect_door.py)."""

import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import it_connect_door as door
from weirlib import Suite, WEIR, skip

DEPTH = 100000
PINGS = 600  # ten hours of them
MEMORY_MB_MAX = 800  # two connections with two of the largest messages each, and what comes within a tick
RESET, WINDOW_UPDATE = 3, 8


class Driver:
    def __init__(self):
        self.process = subprocess.Popen([WEIR, "driver", "--master", "local[2]", "--connect", "127.0.0.1:0"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log, self.port = [], 0
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"listens at sc://\S+:(\d+)", line)
            if found:
                self.port = int(found[1])
                break
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def memory_mb(self, name="VmRSS"):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1]) / 1024

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "it does not end"
        return f"status {status}: {''.join(self.log[-30:])}" if status else None


# ---- requests ----

def number(field, value):
    return door.varint(field << 3) + door.varint(value)


def plan_of(relation):
    return door.field(1, relation)


def range_of(count):
    return door.field(15, number(2, count) + number(3, 1))


def request(*fields):
    return door.field(1, door.SESSION.encode()) + b"".join(fields)


def schema_of(relation):
    return b"AnalyzePlan", request(door.field(4, door.field(1, plan_of(relation))))


def rows_of(relation):
    return b"ExecutePlan", request(door.field(3, plan_of(relation)))


def sql(text):
    return door.field(10, door.field(1, text.encode()))


def ddl_of(text):
    return b"AnalyzePlan", request(door.field(11, door.field(1, text.encode())))


def nested(heads, depth, inner):
    """`inner` inside `depth` rounds of `heads` (field numbers, outermost first), in linear time."""
    pieces, size = [inner], len(inner)
    for _ in range(depth):
        for head in reversed(heads):
            piece = door.varint(head << 3 | 2) + door.varint(size)
            pieces.append(piece)
            size += len(piece)
    return b"".join(reversed(pieces))


class Client(door.Client):
    """Takes answers of any size, and sends messages of any size as the server's windows allow."""

    def __init__(self, port):
        super().__init__(port)
        wide = (1 << 31) - 1
        self.socket.sendall(door.frame(door.SETTINGS, 0, 0, struct.pack(">HI", 4, wide)) +
                            door.frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", wide - 65535)))
        self.window, self.first, self.own = 65535, 65535, 65535
        self.ended, self.sent = False, 0  # the server has answered the stream at hand; bytes that it took

    def take_frames(self):
        """Takes in what has come, without waiting for more than a moment."""
        try:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed")
            self.buffer += got
        except TimeoutError:
            pass
        at = 0
        while len(self.buffer) >= at + 9:
            size, kind, flags = int.from_bytes(self.buffer[at:at + 3], "big"), self.buffer[at + 3], self.buffer[at + 4]
            stream = int.from_bytes(self.buffer[at + 5:at + 9], "big")
            if len(self.buffer) < at + 9 + size or (stream == self.stream and kind in (door.HEADERS, door.DATA, RESET)):
                self.ended = stream == self.stream and kind != WINDOW_UPDATE
                break
            self.take_frame(kind, flags, stream, self.buffer[at + 9:at + 9 + size])
            at += 9 + size
        self.buffer = self.buffer[at:]

    def take_frame(self, kind, flags, stream, payload):
        if kind == WINDOW_UPDATE and stream == 0:
            self.window += int.from_bytes(payload, "big")
        elif kind == WINDOW_UPDATE and stream == self.stream:
            self.own += int.from_bytes(payload, "big")
        elif kind == door.SETTINGS and not flags & 1:
            for at in range(0, len(payload), 6):
                if payload[at:at + 2] == b"\0\4":
                    self.own += int.from_bytes(payload[at + 2:at + 6], "big") - self.first
                    self.first = int.from_bytes(payload[at + 2:at + 6], "big")
            self.socket.sendall(door.frame(door.SETTINGS, 1, 0))
        elif kind == door.PING and not flags & 1:
            self.socket.sendall(door.frame(door.PING, 1, 0, payload))
        elif kind == door.GOAWAY:
            raise ConnectionError("sent away")

    def send(self, method, blocks, size, until=None):
        """A message of `size` bytes from `blocks`; ends early where the answer comes or time is up."""
        self.socket.sendall(self.headers(method))
        self.own, self.ended, self.sent = self.first, False, 0
        self.socket.settimeout(0.02)
        for block in blocks:
            while min(self.window, self.own) < len(block):
                self.take_frames()
                if self.ended or (until and time.monotonic() > until):
                    return
            self.sent += len(block)
            self.window, self.own = self.window - len(block), self.own - len(block)
            self.socket.settimeout(10)
            self.socket.sendall(door.frame(door.DATA, 1 if self.sent == size else 0, self.stream, block))
            self.socket.settimeout(0.02)

    def call(self, method, message, token=None):
        body = b"\0" + struct.pack(">I", len(message)) + message
        self.send(method, [body[at:at + 16384] for at in range(0, len(body), 16384)], len(body))
        self.socket.settimeout(30)
        return self.answer()

    def answer(self):
        data = b""
        while True:
            head = self.read(9)
            payload = self.read(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if stream != self.stream or kind not in (door.DATA, door.HEADERS, RESET):
                self.take_frame(kind, flags, stream, payload)
                continue
            data += payload if kind == door.DATA else b""
            if kind == RESET or flags & 1:
                return data[5:] if data else None


def works(client):
    """A query and an analysis of the client that is served; None where both are right, and soon."""
    began = time.monotonic()
    try:
        schema = client.call(*schema_of(range_of(5)))
        rows = client.call(*rows_of(range_of(20000)))
    except (OSError, ConnectionError) as error:
        return f"the working client is hurt: {error}"
    seconds = time.monotonic() - began
    if not schema or b"id" not in schema or not rows or len(rows) < 160000:
        return f"a wrong answer: {schema} {len(rows or b'')}"
    return None if seconds < 5 else f"the working client waited {seconds:.1f} s"


# ---- checks ----

def check_idle(suite, driver):
    client = Client(driver.port)
    suite.check("works before it is idle", works(client))
    for i in range(PINGS):
        mark = struct.pack(">Q", i)
        client.socket.sendall(door.frame(door.PING, 0, 0, mark))
        while True:
            head = client.read(9)
            payload = client.read(int.from_bytes(head[:3], "big"))
            if head[3] == door.GOAWAY:
                suite.check("pings are answered", f"sent away after {i} pings: {payload[8:]}")
                return
            if head[3] == door.PING and head[4] & 1:
                break
            if head[3] == door.PING:
                client.socket.sendall(door.frame(door.PING, 1, 0, payload))
    suite.check("pings are answered")
    suite.check("works after it was idle", works(client))


def check_depth(suite, driver):
    client = Client(driver.port)
    deep = {
        "relations": schema_of(nested([8, 1], DEPTH, range_of(1))),  # limit {input}
        "expressions": schema_of(door.field(3, door.field(1, range_of(1)) + door.field(
            3, nested([6, 1], DEPTH, b"")))),  # project {input, expressions}: alias {expr}
        "execution": rows_of(nested([8, 1], DEPTH, range_of(1))),
        "parentheses": rows_of(sql("SELECT " + "(" * DEPTH + "1" + ")" * DEPTH)),
        "subqueries": rows_of(sql("SELECT * FROM " + "(SELECT * FROM " * 20000 + "x" + ")" * 20000)),
        "signs": rows_of(sql("SELECT " + "- " * DEPTH + "1")),
        "nots": rows_of(sql("SELECT " + "NOT " * DEPTH + "true")),
        "sums": rows_of(sql("SELECT " + "1 + " * DEPTH + "1")),
        "ands": rows_of(sql("SELECT " + "true AND " * DEPTH + "true")),
        "unions": rows_of(sql("SELECT 1 UNION ALL " * 20000 + "SELECT 1")),
        "casts": rows_of(sql("SELECT 1" + "::int" * DEPTH)),
        "brackets": rows_of(sql("SELECT a" + "[1" * DEPTH + "]" * DEPTH)),
        "cases": rows_of(sql("SELECT " + "CASE WHEN true THEN " * DEPTH + "1" + " END" * DEPTH)),
        "calls": rows_of(sql("SELECT " + "abs(" * DEPTH + "1" + ")" * DEPTH)),
        "types": ddl_of("a " + "array<" * DEPTH + "int" + ">" * DEPTH),
        "comments": rows_of(sql("SELECT 1 " + "/*" * DEPTH)),
        "json": (b"AnalyzePlan", request(door.field(18, door.field(1, b'{"type":"array","elementType":' * DEPTH)))),
    }
    for name, (method, message) in deep.items():
        began = time.monotonic()
        try:
            client.call(method, message)
            problem = None
        except (OSError, ConnectionError) as error:
            problem = f"{type(error).__name__} {error}"
        seconds = time.monotonic() - began
        suite.check(f"deep {name}: answered", problem or (None if seconds < 20 else f"{seconds:.0f} s"))
        if not suite.check(f"deep {name}: the driver lives", None if driver.process.poll() is None else
                           f"status {driver.process.poll()} {''.join(driver.log[-20:])}"):
            return
        if problem:
            client = Client(driver.port)
    suite.check("works after deep plans", works(client))


def pour(port, size, seconds):
    """One message that is announced as `size` bytes, sent as fast as the server takes it; how much it took."""
    client = Client(port)
    head = b"\0" + struct.pack(">I", size) + b"\x1a\xff\xff\xff\x7f"
    blocks = [head] + [b"x" * 16384] * (size // 16384)
    try:
        client.send(b"ExecutePlan", blocks, size + 1, time.monotonic() + seconds)
    except OSError:  # cut
        pass
    return client.sent


def check_large(suite, driver):
    client = Client(driver.port)
    taken = []
    pours = [threading.Thread(target=lambda: taken.append(pour(driver.port, 1 << 30, 40))) for _ in range(2)]
    for thread in pours:
        thread.start()
    for _ in range(10):
        problem = works(client)
        if problem or not any(thread.is_alive() for thread in pours):
            break
        time.sleep(0.2)
    for thread in pours:
        thread.join()
    suite.check("works beside endless messages", problem)
    suite.check("endless messages are cut", None if 1 << 20 < max(taken) < 600 << 20 else str(taken))
    suite.check("memory beside endless messages", None if driver.memory_mb("VmHWM") < MEMORY_MB_MAX else
                f"{driver.memory_mb('VmHWM'):.0f} MB")
    rows = door.field(3, door.field(1, b"\x4a" + door.varint(2000000 * 2) + b"\x0a\x00" * 2000000))
    answer = client.call(b"ExecutePlan", request(rows))
    suite.check("two million empty messages in one", None if answer is None and driver.memory_mb("VmHWM") <
                MEMORY_MB_MAX else f"{answer} {driver.memory_mb('VmHWM'):.0f} MB")
    suite.check("works after large messages", works(client))


def check_garbage(suite, driver):
    """Requests that are damaged in one place, and frames of noise, for ever the same by the seed."""
    rng = random.Random(5)
    client = Client(driver.port)
    methods = [rows_of(range_of(9)), schema_of(range_of(9)), rows_of(sql("SELECT id + 1 FROM x WHERE id > 2"))]
    for i in range(600):
        method, message = methods[i % len(methods)]
        damaged = bytearray(message)
        damaged[rng.randrange(40, len(damaged))] = rng.randrange(256)
        if client.call(method, bytes(damaged[:rng.randrange(40, len(damaged) + 1)])) is not None and i % 50 == 0:
            suite.check("works beside damage", works(client))
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", driver.port)) as stranger:
            noise = b"".join(door.frame(rng.randrange(12), rng.randrange(256), rng.randrange(9), os.urandom(
                rng.randrange(2000))) for _ in range(20))
            try:
                stranger.sendall(door.PREFACE + door.frame(door.SETTINGS, 0, 0) + noise)
            except OSError:
                pass
    suite.check("works after garbage", works(client))


def main():
    if not (pathlib.Path(WEIR).parent / "weir-connect.so").exists():
        skip("there is no weir-connect.so")
    suite = Suite()
    driver = Driver()
    for check in (check_idle, check_depth, check_large, check_garbage):
        try:
            check(suite, driver)
        except Exception as error:  # pylint: disable=broad-except
            suite.check(check.__name__, f"{type(error).__name__}: {error} {''.join(driver.log[-20:])}")
    suite.check("memory at the end", None if driver.memory_mb() < MEMORY_MB_MAX else f"{driver.memory_mb():.0f} MB")
    suite.check("ends well", driver.close())
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
