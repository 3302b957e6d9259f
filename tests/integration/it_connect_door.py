#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The Connect door against strangers: garbage, silence, floods of connections. A client that is being served
beside them does not notice. Speaks HTTP/2 by hand, so that nothing but Python is needed."""

import json
import os
import pathlib
import resource
import socket
import struct
import subprocess
import sys
import time

from weirlib import Suite, WEIR, skip

SERVER = pathlib.Path(WEIR).parent / "connect_test_server"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, DATA, SETTINGS, PING, GOAWAY = 1, 0, 4, 6, 7
SESSION = "00112233-4455-6677-8899-aabbccddeeff"


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen([str(SERVER), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        self.port = int(line[1]) if line else 0

    def stats(self):
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def memory_kb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(text.split("VmRSS:")[1].split()[0])

    def close(self):
        """None where it ended well and all of its sessions were freed."""
        try:
            out, err = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "it does not end"
        words = out.split()
        if self.process.returncode or len(words) != 7 or len({words[2], words[4], words[6]}) != 1:
            return f"status {self.process.returncode}: {out} {err}"
        return None


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header without Huffman and without the dynamic table; texts are shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def config_get(key):
    return field(1, SESSION.encode()) + field(3, field(2, field(1, key.encode())))


class Client:
    """A gRPC client of one unary call at a time."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self.stream = -1
        self.buffer = b""

    def headers(self, method, token=None):
        block = literal(b":method", b"POST") + literal(b":scheme", b"http") + literal(b":authority", b"x")
        block += literal(b":path", b"/spark.connect.SparkConnectService/" + method)
        block += literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")
        if token:
            block += literal(b"authorization", b"Bearer " + token)
        self.stream += 2
        return frame(HEADERS, 4, self.stream, block)

    def call(self, method, message, token=None):
        """The answer's message, or None where it has none."""
        body = b"\0" + struct.pack(">I", len(message)) + message
        self.socket.sendall(self.headers(method, token) + frame(DATA, 1, self.stream, body))
        return self.answer()

    def read(self, size):
        while len(self.buffer) < size:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed")
            self.buffer += got
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def answer(self):
        data = b""
        while True:
            head = self.read(9)
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            payload = self.read(size)
            if kind == SETTINGS and not flags & 1:
                self.socket.sendall(frame(SETTINGS, 1, 0))
            elif kind == PING and not flags & 1:
                self.socket.sendall(frame(PING, 1, 0, payload))
            elif kind == GOAWAY:
                raise ConnectionError("sent away")
            elif stream == self.stream and kind == DATA:
                data += payload
            if stream == self.stream and kind in (HEADERS, DATA) and flags & 1:
                return data[5:] if data else None


def is_closed(stream, seconds):
    stream.settimeout(seconds)
    try:
        while stream.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def served(client):
    """None where the client's call is answered, and soon."""
    started = time.monotonic()
    try:
        answer = client.call(b"Config", config_get("spark.sql.ansi.enabled"))
    except (OSError, ConnectionError) as error:
        return f"the served client is hurt: {error}"
    seconds = time.monotonic() - started
    if not answer or b"true" not in answer:
        return f"a wrong answer: {answer}"
    return None if seconds < 2 else f"the served client waited {seconds:.1f} s"


def served_in_time(port, seconds):
    """None where a new client is served before the time is over: strangers whose SYN the kernel had dropped still
    come, and take the room of those that were sent away."""
    end, problem = time.monotonic() + seconds, "never tried"
    while problem and time.monotonic() < end:
        try:
            problem = served(Client(port))
        except OSError as error:
            problem = f"no connection: {error}"
        if problem:
            time.sleep(0.2)
    return problem


def check_garbage(suite):
    server = Server()
    client = Client(server.port)
    suite.check("served at first", served(client))
    texts = {"http/1": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
             "random": os.urandom(300000), "nearly": PREFACE[:-1] + b"X"}
    for name, text in texts.items():
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            try:
                stranger.sendall(text)
            except ConnectionError:
                pass
            suite.check(f"{name} is closed", None if is_closed(stranger, 5) else "stays open")
    frames = {"random frames": os.urandom(100000), "a frame of 16 MB": b"\xff\xff\xff\0\0\0\0\0\1",
              "data on stream 0": frame(DATA, 0, 0, b"x"), "headers of rubbish": frame(HEADERS, 4, 1, b"\xff" * 50)}
    for name, text in frames.items():
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            try:
                stranger.sendall(PREFACE + frame(SETTINGS, 0, 0) + text)
                stranger.shutdown(socket.SHUT_WR)
            except OSError:  # it was closed already
                pass
            suite.check(f"{name}: closed", None if is_closed(stranger, 12) else "stays open")
        suite.check(f"{name}: the other is served", served(client))
    suite.check("served at last", served(client))
    suite.check("nothing is left of the calls", None if server.stats()["calls"] <= 0 else str(server.stats()))
    suite.check("closes well", server.close())


def check_silence(suite):
    """Connections that say nothing, half a preface, no call, half a call."""
    server = Server("handshake_ms=1000", "request_ms=1000")
    client = Client(server.port)
    suite.check("served beside silence", served(client))
    silent = {"nothing": b"", "half a preface": PREFACE[:10], "no call": PREFACE + frame(SETTINGS, 0, 0)}
    streams = {name: socket.create_connection(("127.0.0.1", server.port)) for name in silent}
    for name, text in silent.items():
        streams[name].sendall(text)
    large = Client(server.port)
    large.socket.sendall(large.headers(b"Config") + frame(DATA, 0, 1, b"\0" + struct.pack(">I", 1 << 30) + b"x" * 99))
    half = Client(server.port)
    half.socket.sendall(half.headers(b"Config") + frame(DATA, 0, 1, b"\0\0\0\1\0abc"))
    for name, stream in streams.items():
        suite.check(f"{name}: closed in time", None if is_closed(stream, 6) else "stays open")
        stream.close()
    suite.check("an announced message of 1 GiB costs nothing", None if server.memory_kb() < 100000 else "memory")
    suite.check("it is ended in time", None if large.answer() is None else "answered")
    suite.check("half a call is ended in time", None if half.answer() is None else "answered")
    suite.check("still served", served(client))
    time.sleep(1.5)
    suite.check("one that has called may be silent", served(client))
    suite.check("closes well beside open connections", server.close())


def check_flood(suite):
    count = 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    count = min(count, min(hard, 65536) - 500)
    server = Server("connections=500", "handshake_ms=3000")
    client = Client(server.port)
    suite.check("served before the flood", served(client))
    before = server.memory_kb()
    strangers = []
    for i in range(count):
        stranger = socket.socket()
        stranger.setblocking(False)
        stranger.connect_ex(("127.0.0.1", server.port))
        strangers.append(stranger)
        if i % 2000 == 1999:
            suite.check(f"served beside {i + 1} connections", served(client))
    stats, memory = server.stats(), server.memory_kb()
    suite.check("the limit holds", None if stats["connections"] <= 500 and stats["refused"] > 0 else str(stats))
    suite.check("memory is bounded", None if memory - before < 20000 else f"{before} kB, then {memory} kB")
    time.sleep(3.5)
    suite.check("silent ones make room", served_in_time(server.port, 20))
    for stranger in strangers:
        stranger.close()
    suite.check("served after the flood", served(client))
    suite.check("closes well after the flood", server.close())
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def check_token(suite):
    server = Server("token=right")
    client = Client(server.port)
    get = config_get("spark.sql.ansi.enabled")
    suite.check("the right token", None if client.call(b"Config", get, b"right") else "refused")
    stranger = Client(server.port)
    suite.check("no token", None if stranger.call(b"Config", get) is None else "answered")
    suite.check("a wrong token", None if stranger.call(b"Config", get, b"wrong") is None else "answered")
    for _ in range(40):
        stranger.call(b"Config", get, b"guess")
    suite.check("after many guesses not even the right one", None
                if stranger.call(b"Config", get, b"right") is None else "answered")
    suite.check("the served client goes on", None if client.call(b"Config", get, b"right") else "refused")
    suite.check("closes well with a token", server.close())


def check_start(suite):
    first = Server()
    second = subprocess.run([str(SERVER), f"port={first.port}"], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=20, check=False)
    suite.check("a port in use is one clear error", None if second.returncode == 1 and "Address already in use"
                in second.stderr and second.stderr.count("\n") == 1 else second.stderr)
    suite.check("the first one goes on", served(Client(first.port)))
    suite.check("the first one closes", first.close())
    missing = subprocess.run([str(SERVER), "module=/nowhere"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=20, check=False)
    suite.check("a missing module is one clear error", None if missing.returncode == 1 and "weir-connect.so"
                in missing.stderr and missing.stderr.count("\n") == 1 else missing.stderr)
    open_host = subprocess.run([str(SERVER), "host=0.0.0.0"], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=20, check=False)
    suite.check("no open door without a token", None if open_host.returncode == 1 and "token" in open_host.stderr
                else open_host.stderr)


def main():
    if not os.access(SERVER, os.X_OK):
        skip(f"there is no program {SERVER}")
    suite = Suite()
    for check in (check_start, check_garbage, check_silence, check_token, check_flood):
        try:
            check(suite)
        except Exception as error:  # pylint: disable=broad-except
            suite.check(check.__name__, f"{type(error).__name__}: {error}")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
