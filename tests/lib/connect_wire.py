"""A Spark Connect client for scripts, without PySpark: Debian's python3-grpcio carries the bytes, protobuf messages are
put together and taken apart by hand (proto/connect_*.proto has the numbers)."""
import os
import re
import subprocess
import sys
import time
import uuid

try:
    import grpc
except ImportError:  # another python3 stands first on the PATH
    grpc = None
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/lib/python3/dist-packages/grpc"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

SERVICE = "/spark.connect.SparkConnectService/"


# ---- protobuf ----

def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(*fields):
    """Fields are (number, value): int and bool become varints, str and bytes are length-delimited."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(int(value))
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields_of(data):
    """{number: [values]} of a message."""
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
        elif tag & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if tag & 7 == 1 else 4
            value, at = data[at:at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


def field(data, *path):
    """The first value at a path of numbers, or None."""
    for number in path:
        values = fields_of(data).get(number) if data is not None else None
        data = values[0] if values else None
    return data


# ---- plans ----

def relation(number, body):
    return message((number, body))


def range_of(end):
    return relation(15, message((1, 0), (2, end), (3, 1)))


def sql(text):
    return relation(10, message((1, text)))


def show(child, rows=20):
    return relation(20, message((1, child), (2, rows), (3, 20), (4, False)))


def stream_of(source, path="", schema="", **options):
    texts = [(3, message((1, key), (2, value))) for key, value in options.items()]
    paths = [(4, path)] if path else []
    return relation(2, message((2, message((1, source), (2, schema), *texts, *paths)), (3, True)))


def rows(child):
    return message((1, child))


def command(number, body):
    return message((2, message((number, body))))


def start_stream(child, name, sink="memory", mode="append", interval="100 milliseconds", **options):
    texts = [(3, message((1, key), (2, value))) for key, value in options.items()]
    return command(6, message((1, child), (2, sink), *texts, (5, interval), (9, mode), (10, name)))


def query_command(query, number, body=True):
    return command(7, message((1, message((1, query[0]), (2, query[1]))), (number, body)))


# ---- client ----

class Client:
    def __init__(self, port, user="tester", session=None, token=None):
        self.channel = grpc.insecure_channel(
            "127.0.0.1:%d" % port,
            options=[("grpc.max_receive_message_length", 1 << 28), ("grpc.use_local_subchannel_pool", 1)])
        self.session = session or str(uuid.uuid4())
        self.user = message((1, user), (2, user))
        self.metadata = [("authorization", "Bearer " + token)] if token else None

    def call(self, name, request, stream=False, timeout=60):
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        return make(SERVICE + name)(request, metadata=self.metadata, timeout=timeout)

    def execute_request(self, plan, operation=None, reattachable=False):
        more = [(5, message((1, message((1, True)))))] if reattachable else []
        return message((1, self.session), (2, self.user), (3, plan), (4, "weir-test"),
                       (6, operation or str(uuid.uuid4())), *more)

    def execute(self, plan, timeout=60, **options):
        """All responses of a plan."""
        return list(self.call("ExecutePlan", self.execute_request(plan, **options), True, timeout))

    def begin(self, plan, timeout=60, **options):
        """The stream of responses, not read yet."""
        return self.call("ExecutePlan", self.execute_request(plan, **options), True, timeout)

    def start(self, *arguments, **options):
        """Starts a query; (id, run id)."""
        for answer in self.execute(start_stream(*arguments, **options)):
            query = field(answer, 8, 1)
            if query is not None:
                return field(query, 1).decode(), field(query, 2).decode()
        raise AssertionError("no answer to the start of a query")

    def count(self, child):
        """Rows of a relation."""
        return sum(field(answer, 2, 1) or 0 for answer in self.execute(rows(child)))

    def text(self, child):
        """What show() prints: the one string of the answer's Arrow stream."""
        data = b"".join(field(answer, 2, 2) or b"" for answer in self.execute(rows(show(child))))
        return re.search(rb"\+-[-+]*\+\n.*\+-[-+]*\+\n", data, re.S).group().decode()

    def set_conf(self, key, value):
        operation = message((1, message((1, message((1, key), (2, value))))))
        self.call("Config", message((1, self.session), (2, self.user), (3, operation)))

    def release(self):
        self.call("ReleaseSession", message((1, self.session), (2, self.user), (3, "weir-test")))

    def interrupt_all(self):
        self.call("Interrupt", message((1, self.session), (2, self.user), (3, "weir-test"), (4, 1)))

    def close(self):
        self.channel.close()


# ---- server ----

class Driver:
    """`weir driver --connect` on a free port."""

    def __init__(self, weir, directory, arguments=("--master", "local[2]"), port=0, env=None):
        self.log_path = os.path.join(str(directory), "driver.%d.err" % time.monotonic_ns())
        self.began = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [weir, "driver", *map(str, arguments), "--connect", "127.0.0.1:%d" % port], cwd=directory,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env=dict(os.environ, TZ="UTC", **(env or {})))
        found = self.await_log(r"listens at sc://127\.0\.0\.1:(\d+)")
        self.seconds = time.monotonic() - self.began
        self.port = int(found.group(1))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def await_log(self, pattern, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.log())
            if found:
                return found
            if ended:
                break
            time.sleep(0.01)
        raise AssertionError(f"no {pattern!r} in the log: {self.log()[-2000:]}")

    def measure(self):
        """(threads, open files, resident bytes)"""
        base = "/proc/%d/" % self.process.pid
        with open(base + "status", encoding="ascii") as status:
            resident = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
        return len(os.listdir(base + "task")), len(os.listdir(base + "fd")), resident

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()
