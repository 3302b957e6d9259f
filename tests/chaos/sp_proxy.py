#!/usr/bin/env python3
"""A proxy for nng's tcp transport that mangles whole messages: it parses the stream (8 bytes of handshake, then
messages with an 8-byte length before them) and applies rules to them. One process and one thread serve every port of a
cluster; the script that starts it commands it by JSON lines on standard input and reads one answer a line.

Actions of a rule: delay (the connection waits, order is kept), duplicate, reorder (the message changes places with the
next one of its direction), truncate (the end of the body is missing, the length fits), flip (one bit of length or
body), reset (the connection is reset after the first `at` bytes of the message), swallow (the message never comes).
A port or a direction of it can also be held: nothing is forwarded, nothing is closed, as in a network that drops all.

Every applied action is counted by action and kind of message, so that no test can pass for want of a fault.
"""

import collections
import heapq
import json
import os
import random
import selectors
import socket
import struct
import sys
import time

KINDS = ("other", "register", "registered", "start_query", "ack", "run_epoch", "epoch_report", "fetch_blocks", "blocks",
         "cancel_epoch", "stop_query", "heartbeat", "heartbeat_reply", "get_status", "status", "submit_job",
         "submitted", "job_events", "job_event_list", "stop_job")
PREFIX = 8  # bytes of the handshake, and of the length before each message
READ_SIZE = 1 << 18
BUFFERED_MAX = 4 << 20  # beyond it the source is not read: the proxy is no queue
FRAME_MAX = 1 << 30
RESET = struct.pack("ii", 1, 0)


def kind_of(frame):
    """Of a message with its length before it: nng's request id and what pads it, then the frame's head."""
    at = frame.find(b"WEIR", PREFIX, PREFIX + 24)
    if 0 <= at <= len(frame) - 8:
        number = int.from_bytes(frame[at + 6:at + 8], "little")
        return KINDS[number] if number < len(KINDS) else KINDS[0]
    return KINDS[0]


class Rule:
    def __init__(self, command):
        self.port, self.direction = command.get("port"), command.get("direction")
        self.kinds = set(command["kinds"]) if command.get("kinds") else None
        self.action, self.chance = command["action"], command.get("chance", 1.0)
        self.left, self.skip = command.get("limit", 1 << 60), command.get("skip", 0)
        self.seconds, self.at, self.bit = command.get("seconds", 0.05), command.get("at", 0), command.get("bit")
        self.random = random.Random(command.get("seed", 0))

    def takes(self, half, kind):
        if self.left <= 0 or self.port not in (None, half.link.port.number) or \
                self.direction not in (None, half.direction) or (self.kinds and kind not in self.kinds):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.chance < 1.0 and self.random.random() >= self.chance:
            return False
        self.left -= 1
        return True


class Half:
    """One direction of a connection: `source` is read, `target` is written."""

    def __init__(self, link, direction):
        self.link, self.direction = link, direction
        self.source = self.target = None
        self.input, self.shaken = bytearray(), False
        self.output, self.buffered = collections.deque(), 0
        self.waiting = collections.deque()  # behind a delay: (due, bytes)
        self.kept = None                    # reordered: goes out after the next message
        self.reset_after = False

    # ---- in ----

    def feed(self, data):
        self.input += data
        while True:
            size = PREFIX
            if self.shaken:
                if len(self.input) < PREFIX:
                    return
                size += int.from_bytes(self.input[:PREFIX], "big")
                if size > FRAME_MAX:  # garbage of a hostile peer passes as it is
                    self.emit(bytes(self.input))
                    self.input.clear()
                    return
            if len(self.input) < size:
                return
            frame = bytes(memoryview(self.input)[:size])
            del self.input[:size]
            if not self.shaken:
                self.shaken = True
                self.emit(frame)
            else:
                self.pass_frame(frame)

    def pass_frame(self, frame):
        proxy, kind = self.link.proxy, kind_of(frame)
        proxy.frames[self.direction + ":" + kind] += 1
        rule = next((r for r in proxy.rules if r.takes(self, kind)), None)
        if rule:
            proxy.counts[rule.action + ":" + kind] += 1
            self.mangle(frame, rule)
        else:
            self.emit(frame)
        if self.kept is not None and not (rule and rule.action == "reorder"):
            kept, self.kept = self.kept, None
            self.emit(kept)

    def mangle(self, frame, rule):
        if rule.action == "delay":
            self.waiting.append((time.monotonic() + rule.seconds, b""))
            self.link.proxy.wake_at(self.waiting[-1][0], self)
            self.emit(frame)
        elif rule.action == "duplicate":
            self.emit(frame)
            self.emit(frame)
        elif rule.action == "reorder":
            if self.kept is not None:
                self.emit(self.kept)
            self.kept = frame
            # Where no other message comes, it still does not get lost.
            self.link.proxy.wake_at(time.monotonic() + rule.seconds, self)
        elif rule.action == "truncate":
            body = frame[PREFIX:len(frame) - 1 - rule.random.randrange(len(frame) - PREFIX)]
            self.emit(len(body).to_bytes(PREFIX, "big") + body)
        elif rule.action == "flip":
            bit = rule.random.randrange(len(frame) * 8) if rule.bit is None else rule.bit
            changed = bytearray(frame)
            changed[bit // 8 % len(frame)] ^= 1 << bit % 8
            self.emit(bytes(changed))
        elif rule.action == "reset":
            self.emit(frame[:rule.at % (len(frame) + 1)])
            self.reset_after = True
            self.flush()
        else:
            assert rule.action == "swallow", rule.action

    # ---- out ----

    def emit(self, data):
        if self.waiting:
            self.waiting.append((0, data))
        else:
            self.output.append(memoryview(data))
        self.buffered += len(data)
        self.flush()

    def tick(self):
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, data = self.waiting.popleft()
            if data:
                self.output.append(memoryview(data))
        if self.kept is not None:
            kept, self.kept = self.kept, None
            self.emit(kept)
        self.flush()

    def flush(self):
        if self.link.is_held(self):
            return
        while self.output:
            try:
                sent = self.target.send(self.output[0])
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self.link.close()
                return
            self.buffered -= sent
            self.output[0] = self.output[0][sent:]
            if not self.output[0]:
                self.output.popleft()
        if self.reset_after and not self.output:
            self.link.reset()
        else:
            self.link.watch()


class Link:
    """One connection of a port and the one that the proxy made for it."""

    def __init__(self, proxy, port, client):
        self.proxy, self.port, self.closed, self.connected = proxy, port, False, False
        self.client, self.server = client, socket.socket()
        self.halves = {}
        for direction, source, target in (("request", self.client, self.server), ("reply", self.server, self.client)):
            half = Half(self, direction)
            half.source, half.target = source, target
            self.halves[source] = half
        for peer in (self.client, self.server):
            peer.setblocking(False)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connect_ex(port.target)
        self.masks = {self.client: 0, self.server: 0}
        self.watch()

    def is_held(self, half):
        return half.direction in self.port.held

    def watch(self):
        if self.closed:
            return
        for peer in (self.client, self.server):
            mine = self.halves[peer]
            other = self.halves[self.server if peer is self.client else self.client]
            mask = 0
            if self.connected and not self.is_held(mine) and mine.buffered < BUFFERED_MAX:
                mask |= selectors.EVENT_READ
            if (other.output and not self.is_held(other)) or (peer is self.server and not self.connected):
                mask |= selectors.EVENT_WRITE
            self.set_mask(peer, mask)

    def set_mask(self, peer, mask):
        before = self.masks[peer]
        if mask == before:
            return
        self.masks[peer] = mask
        if not mask:
            self.proxy.selector.unregister(peer)
        elif not before:
            self.proxy.selector.register(peer, mask, self)
        else:
            self.proxy.selector.modify(peer, mask, self)

    def ready(self, peer, mask):
        if mask & selectors.EVENT_WRITE:
            if peer is self.server and not self.connected:
                if peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.close()
                    return
                self.connected = True
            self.halves[self.server if peer is self.client else self.client].flush()
        if mask & selectors.EVENT_READ and not self.closed:
            try:
                data = peer.recv(READ_SIZE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                data = b""
            if data:
                self.halves[peer].feed(data)
            else:
                self.close()
        self.watch()

    def close(self):
        if self.closed:
            return
        self.set_mask(self.client, 0)
        self.set_mask(self.server, 0)
        self.closed = True
        self.client.close()
        self.server.close()
        self.port.links.discard(self)

    def reset(self):
        for peer in (self.client, self.server):
            if not self.closed:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()


class Port:
    def __init__(self, proxy):
        self.proxy, self.target, self.held, self.links = proxy, None, set(), set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.listener.setblocking(False)
        self.number = self.listener.getsockname()[1]
        proxy.selector.register(self.listener, selectors.EVENT_READ, self)

    def ready(self, _peer, _mask):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        if self.target is None:
            client.close()
        else:
            self.links.add(Link(self.proxy, self, client))


class Proxy:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.ports, self.rules = {}, []
        self.counts, self.frames = collections.Counter(), collections.Counter()
        self.timers, self.timer_number = [], 0
        self.commands = b""
        os.set_blocking(0, False)
        self.selector.register(0, selectors.EVENT_READ, self)

    def wake_at(self, due, half):
        self.timer_number += 1
        heapq.heappush(self.timers, (due, self.timer_number, half))

    def ready(self, _peer, _mask):
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        self.commands += data
        while b"\n" in self.commands:
            line, self.commands = self.commands.split(b"\n", 1)
            print(json.dumps(self.obey(json.loads(line))), flush=True)

    def obey(self, command):
        name = command["do"]
        port = self.ports.get(command.get("port"))
        if name == "listen":
            port = Port(self)
            self.ports[port.number] = port
            return {"port": port.number}
        if name == "target":
            port.target = (command["host"], command["to"])
        elif name == "rule":
            self.rules.append(Rule(command))
        elif name == "clear":
            self.rules.clear()
        elif name == "hold":
            for each in [port] if port else self.ports.values():
                before, each.held = each.held, set(command["directions"])
                self.counts["hold:link"] += sum(1 for _ in each.links) if each.held and not before else 0
                for link in list(each.links):
                    for half in link.halves.values():
                        half.flush()
                    link.watch()
        elif name == "cut":
            for each in [port] if port else self.ports.values():
                for link in list(each.links):
                    self.counts["cut:link"] += 1
                    link.reset()
        return {"counts": self.counts, "frames": self.frames}

    def run(self):
        while True:
            timeout = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else None
            for key, mask in self.selector.select(timeout):
                if getattr(key.data, "closed", False):
                    continue
                key.data.ready(key.fileobj, mask)
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, half = heapq.heappop(self.timers)
                if not half.link.closed:
                    half.tick()


if __name__ == "__main__":
    Proxy().run()
