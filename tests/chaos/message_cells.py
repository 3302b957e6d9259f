"""Cells 12, 13 and 28 of the fault matrix: messages that are delayed, doubled, reordered, cut or changed; connections
that are reset at every byte of a message; bytes that no peer of ours would send."""

import os
import random
import socket
import struct
import threading
import time

import chaoslib
import stream_job
from chaoslib import weirlib

# Every kind of message that a running job sends, and what it is called in the table.
REQUESTS = ("register", "heartbeat", "start_query", "run_epoch", "fetch_blocks")
REPLIES = ("registered", "heartbeat_reply", "ack", "epoch_report", "blocks")
ACTIONS = ("delay", "duplicate", "reorder", "truncate", "flip", "swallow")
# Rare ones need the executor to register again: it is killed and replaced.
RARE = ("register", "registered", "start_query", "ack")
MANGLED = 2
RESET_STEP = int(os.environ.get("WEIR_CHAOS_RESET_STEP", "17"))  # 1: at every byte, and so for minutes
RESET_EVERY_BYTE_TO = 56  # of the length, nng's id and the frame's head
RESET_SIZES = {"register": 200, "heartbeat": 160, "start_query": 1600, "run_epoch": 900, "fetch_blocks": 120,
               "registered": 120, "heartbeat_reply": 60, "ack": 60, "epoch_report": 500, "blocks": 600}
MANGLE_FILES = 300
FILES_OF_RESET = 2  # a batch that carries the message, and one more where it was late


def cases():
    for action in ACTIONS:
        yield f"messages: {action}", 12, "any", action, mangle, (action,)
    yield "connections reset at every byte", 13, "any", "reset", reset_everywhere, ()
    yield "malformed and oversized frames", 28, "any", "garbage", send_garbage, ()


class Streaming:
    """A long job on a cluster behind the proxy."""

    def __init__(self, stage, name, source, seed, executors=2):
        self.stage, self.seed = stage, seed
        self.job = stream_job.StreamJob(stage.suite.make_directory(name), source)
        self.cluster = chaoslib.ProxiedCluster(stage.suite.make_directory(name + ".cluster"), executors=executors,
                                               cores=1, job=self.job.job)
        self.outputs = stream_job.DriverOutputs(self.cluster)

    def __enter__(self):
        self.cluster.__enter__()
        self.cluster.wait_executors(self.cluster.wanted)
        return self

    def __exit__(self, *reason):
        return self.cluster.__exit__(*reason)

    def replace_executor(self):
        """A kill -9, and a new one: it registers and is told of the queries."""
        victim = self.cluster.executors.pop(0)
        victim.kill()
        self.cluster.retired.append(victim)
        self.cluster.add_executor()

    def replace_apart(self):
        """An executor that could not fetch, or be fetched from, gets no work for a while: another one takes its place,
        so that there is something to fetch."""
        apart = {e["url"] for e in (self.cluster.driver.status() or {}).get("executors", ()) if e["state"] == "apart"}
        for victim in [e for e in self.cluster.executors if f"tcp://127.0.0.1:{e.port}" in apart]:
            victim.kill()
            self.cluster.executors.remove(victim)
            self.cluster.retired.append(victim)
            self.cluster.add_executor()

    def judge(self):
        return self.job.wait_done() or self.job.judge(self.outputs.texts())

    def describe(self):
        return self.cluster.driver.describe() + "".join("\n" + e.describe() for e in self.cluster.executors)


MAKING = threading.Lock()


def shared_input(stage, files, rows=20):
    """Made once for all cases."""
    with MAKING:
        inputs = stage.__dict__.setdefault("stream_inputs", {})
        if files not in inputs:
            inputs[files] = stream_job.Input(stage.suite, files, rows)
        return inputs[files]


def mangle(stage, name, cell, _phase, fault, action):
    """Each kind of message in turn is mangled MANGLED times under the job."""
    source = shared_input(stage, MANGLE_FILES)
    with Streaming(stage, name, source, seed=1) as run:
        proxy, job = run.cluster.proxy, run.job
        job.add(1)
        for number, kind in enumerate(REQUESTS + REPLIES):
            before = proxy.counts()[f"{action}:{kind}"]
            proxy.rule(action, kinds=[kind], limit=MANGLED, seed=number, seconds=0.3)
            provoke(run, kind, lambda: proxy.counts()[f"{action}:{kind}"] - before >= MANGLED)
            proxy.clear()
            fired = proxy.counts()[f"{action}:{kind}"] - before
            stage.note(cell, kind, fault, fired)
            if not fired:
                return f"{kind}: never mangled; {proxy.frames()}"
            problem = run.judge()
            if problem:
                return f"after {action} of {kind}: {problem}; {run.describe()}"
        return None


def provoke(run, kind, enough, seconds=10):
    """Lets the job send such messages until enough() or the time is over: batches, heartbeats that come by themselves,
    executors that are new."""
    end, replaced = time.monotonic() + seconds, 0
    while not enough() and time.monotonic() < end:
        if kind in RARE and time.monotonic() > replaced + 3:
            run.replace_executor()
            replaced = time.monotonic()
        if not kind.startswith("heartbeat") and run.job.added < run.job.source.files - 12:
            run.job.add(1)
        end_of_step = time.monotonic() + (0.4 if kind in RARE else 0.1)
        while not enough() and time.monotonic() < end_of_step:
            time.sleep(0.005)
    return enough()


def reset_places(kind):
    """The bytes of a message of this kind at which its connection is reset."""
    step = RESET_STEP * (7 if kind in RARE else 1)
    first_step = 1 if RESET_STEP == 1 else 23 if kind in RARE else 9
    size = RESET_SIZES[kind]
    return [*range(0, min(size, RESET_EVERY_BYTE_TO), first_step), *range(RESET_EVERY_BYTE_TO, size, step)]


def reset_everywhere(stage, name, cell, _phase, fault):
    places = sum(len(reset_places(kind)) for kind in REQUESTS + REPLIES)
    source = shared_input(stage, 100 + FILES_OF_RESET * places)
    with Streaming(stage, name, source, seed=2) as run:
        proxy, job = run.cluster.proxy, run.job
        job.add(1)
        for kind in REQUESTS + REPLIES:
            for place in reset_places(kind):
                problem = reset_once(run, kind, place)
                if problem:
                    return f"reset at byte {place} of {kind}: {problem}; {run.describe()}"
                stage.note(cell, kind, fault)
            problem = run.judge()
            if problem:
                return f"after resets of {kind}: {problem}; {run.describe()}"
        return None


def reset_once(run, kind, place):
    proxy, job = run.cluster.proxy, run.job
    before = proxy.counts()[f"reset:{kind}"]
    if kind in ("fetch_blocks", "blocks"):
        run.replace_apart()
    proxy.rule("reset", kinds=[kind], limit=1, at=place)
    if not provoke(run, kind, lambda: proxy.counts()[f"reset:{kind}"] > before):
        return f"it never came; {job.source.files - job.added} files of input are left"
    proxy.clear()
    return job.wait_done()


# ---- bytes of strangers ----

def sp_hello(protocol):
    return b"\0SP\0" + struct.pack(">HH", protocol, 0)


def hostile_streams(chance):
    """(name, bytes): what a connection sends."""
    request = struct.pack(">I", 0x80000001)

    def message(body, length=None):
        return struct.pack(">Q", len(body) if length is None else length) + body

    def frame(kind, body=b"", version=1, message_size=None, payload_size=0, crc=0):
        size = len(body) if message_size is None else message_size
        return b"WEIR" + struct.pack("<HHQIIQ", version, kind, 0, size, crc, payload_size) + body

    hello = sp_hello(0x30)
    yield "nothing", b""
    yield "a cut hello", hello[:5]
    yield "another protocol", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for protocol in (0x10, 0x31, 0x50, 0xffff):
        yield f"SP protocol {protocol:#x}", sp_hello(protocol) + message(request + b"x" * 64)
    for bits in (27, 31, 32, 33, 40, 62, 63):
        yield f"a length of 2^{bits}", hello + message(b"x" * 256, 1 << bits)
    yield "the greatest length", hello + message(b"x" * 256, (1 << 64) - 1)
    yield "an empty message", hello + message(b"")
    yield "an id without an end", hello + message(b"\0" * 4096)
    yield "a request of nothing", hello + message(request)
    for kind in (0, 1, 5, 7, 11, 14, 255, 65535):
        yield f"a frame of kind {kind} without checksum", hello + message(request + frame(kind, b"\n" * 64))
    yield "another version", hello + message(request + frame(1, b"", version=77))
    yield "a size of 4 GB", hello + message(request + frame(1, b"x" * 32, message_size=0xffffffff))
    yield "a payload of 2^63", hello + message(request + frame(1, b"x" * 32, payload_size=1 << 63))
    yield "nested messages", hello + message(request + frame(1, b"\x12\xff\x7f" * 5000))
    for number in range(12):
        yield f"random bytes {number}", hello + message(request + chance.randbytes(chance.randrange(1, 5000)))
    yield "a stream of random bytes", chance.randbytes(200_000)


def send_stream(url, data):
    host, port = url.split("://")[1].rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 2) as peer:
            peer.settimeout(0.1)
            peer.sendall(data)
            while peer.recv(65536):
                pass
    except OSError:
        pass


def send_garbage(stage, name, cell, phase, fault):
    source = shared_input(stage, 120)
    with Streaming(stage, name, source, seed=3) as run:
        job, processes = run.job, [run.cluster.driver, *run.cluster.executors]
        before = [chaoslib.count_named(p.status(), "refused", "fenced") for p in processes]
        streams = list(hostile_streams(random.Random(5)))
        silent = [socket.create_connection(("127.0.0.1", int(p.url.rsplit(":", 1)[1]))) for p in processes
                  for _ in range(20)]
        for number, (what, data) in enumerate(streams):
            for process in processes:
                send_stream(process.url, data)
            job.add(1)
            problem = job.wait_done()
            if problem or not all(p.running for p in processes):
                return f"after {what}: {problem or 'a process ended'}; {run.describe()}"
            stage.note(cell, phase, fault, 1 if number else 2)
        for peer in silent:
            peer.close()
        grown = [f"{chaoslib.memory_mb(p):.0f} MB" for p in processes if chaoslib.memory_mb(p) > 150]
        if grown:
            return f"memory has grown to {grown}"
        after = [chaoslib.count_named(p.status(), "refused", "fenced") for p in processes]
        if not all(a > b for a, b in zip(after, before)):
            return f"refusals before {before}, after {after}: {[p.status() for p in processes]}"
        return run.judge() or weirlib.verify_checkpoint(job.checkpoint("counts"), stream_job.RETAIN,
                                                        expect_done=False)
