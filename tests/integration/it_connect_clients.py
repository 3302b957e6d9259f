#!/usr/bin/env python3
"""Clients of `weir driver --connect` that behave badly, and many at once: what they leave behind goes away, the others
do not notice, and every error is a clear one. Needs python3-grpcio."""
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import connect_wire as wire  # noqa: E402
import weirlib  # noqa: E402
from weirlib import WEIR, Suite  # noqa: E402

SESSIONS = 50
TIMES = ("--conf", "spark.connect.session.manager.defaultSessionTimeout=2s",
         "--conf", "spark.connect.execute.manager.detachedTimeout=1s")
RATE = wire.stream_of("rate", rowsPerSecond="100")
SLOW = wire.range_of(10**12)  # longer than any test


def wait_for(check, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.05)
    return False


def error_of(call):
    """Status name and message of the error that a call ends with."""
    try:
        result = call()
        list(result) if hasattr(result, "__next__") else None  # pylint: disable=expression-not-assigned
    except wire.grpc.RpcError as error:
        return error.code().name, error.details()
    return None, None


def is_serving(driver):
    client = wire.Client(driver.port)
    try:
        return client.text(wire.range_of(2)) == "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+\n"
    finally:
        client.release()
        client.close()


def settled(driver, baseline):
    """None once threads and files are those of before, within what pools and caches keep."""
    extra = [0, 0]

    def check():
        now = driver.measure()
        extra[:] = [now[0] - baseline[0], now[1] - baseline[1]]
        return extra[0] <= 4 and extra[1] <= 4
    return None if wait_for(check) else f"{extra[0]} threads and {extra[1]} files more than before"


# ---- many sessions ----

def check_many_sessions(suite, driver):
    def one(number):
        client = wire.Client(driver.port, user=f"user{number % 7}")
        query = client.start(RATE, "ticks")
        arrived = wait_for(lambda: client.count(wire.sql("SELECT value FROM ticks")) > 0)
        client.execute(wire.query_command(query, 5))
        whole = client.count(wire.sql("SELECT value FROM ticks"))
        again = client.count(wire.sql("SELECT DISTINCT value FROM ticks"))
        client.release()
        client.close()
        return arrived and whole == again and whole > 0

    def round_of_sessions():
        with concurrent.futures.ThreadPoolExecutor(SESSIONS) as pool:
            return sum(pool.map(one, range(SESSIONS)))

    suite.expect_equal("50 sessions with a running stream each", round_of_sessions(), SESSIONS)
    baseline = driver.measure()
    round_of_sessions()
    suite.check("50 sessions leave no threads and files", settled(driver, baseline))
    first = driver.measure()[2]
    for _ in range(3):
        round_of_sessions()
    grown = driver.measure()[2] - first
    limit = 24 << 20 if "asan" not in WEIR else 1 << 30
    suite.check("50 sessions leave no memory", None if grown < limit else f"{grown >> 20} MB more after 150 sessions")


# ---- killed clients ----

def run_until_killed(port, kind, ready, directory):
    client = wire.Client(port)
    if kind == "stream":
        client.start(RATE, "ticks")
    elif kind == "waiting":
        query = client.start(RATE, "ticks")
        list_later = client.begin(wire.query_command(query, 9, wire.message()))
        ready.put(client.session)
        list(list_later)
    elif kind == "rows":
        answers = client.begin(wire.rows(SLOW), reattachable=True)
        next(answers)
    elif kind == "listener":
        next(client.begin(wire.command(11, wire.message((1, True))), reattachable=True))
        client.start(RATE, "ticks")
    elif kind == "sink":
        client.start(RATE, "ticks", sink="json", path=f"{directory}/out", checkpointLocation=f"{directory}/cp")
    ready.put(client.session)
    time.sleep(3600)


def check_killed_clients(suite, directory):
    driver = wire.Driver(WEIR, directory, ("--master", "local[2]", *TIMES))
    context = multiprocessing.get_context("spawn")
    try:
        is_serving(driver)
        baseline, sessions = driver.measure(), {}
        for kind in ("stream", "waiting", "rows", "listener", "sink"):
            for delay in (0, 0.3):
                ready = context.Queue()
                client = context.Process(target=run_until_killed, args=(driver.port, kind, ready, str(directory)))
                client.start()
                session = ready.get(timeout=30)
                time.sleep(delay)
                os.kill(client.pid, signal.SIGKILL)
                client.join()
                sessions[f"{kind} after {delay} s"] = session
        for _ in range(3):
            time.sleep(8)  # an idle session lives 2 s and is looked at every 5 s; asking keeps it alive
            sessions = {name: session for name, session in sessions.items() if not is_closed(driver, session)}
        suite.check("the sessions of killed clients expire", sorted(sessions))
        suite.check("killed clients leave nothing", settled(driver, baseline))
        suite.check("the driver serves after killed clients", None if is_serving(driver) else "it does not")
    finally:
        suite.expect_equal("the driver ends after killed clients", driver.stop(), 0)


def is_closed(driver, session):
    """Asks for an operation that is not there."""
    client = wire.Client(driver.port, session=session)
    code, text = error_of(lambda: client.call("ReattachExecute", wire.message(
        (1, client.session), (2, client.user), (3, "00000000-0000-4000-8000-000000000000")), True))
    client.close()
    return code == "INTERNAL" and "SESSION" in text


# ---- strangers ----

def check_other_user(suite, driver):
    mine, other = wire.Client(driver.port, user="ann"), wire.Client(driver.port, user="bob")
    other.session = mine.session
    mine.execute(wire.command(3, wire.message((1, wire.range_of(3)), (2, "secret"), (3, False), (4, True))))
    suite.expect_equal("a view of my session", mine.count(wire.sql("SELECT * FROM secret")), 3)
    _, text = error_of(lambda: other.begin(wire.rows(wire.sql("SELECT * FROM secret"))))
    suite.check("another user with my session id", None if text and "TABLE_OR_VIEW_NOT_FOUND" in text else text)
    suite.expect_equal("my session is unharmed", mine.count(wire.sql("SELECT * FROM secret")), 3)
    for client in (mine, other):
        client.release()
        client.close()


def check_garbage(suite, driver):
    baseline = driver.measure()
    client = wire.Client(driver.port)
    client.execute(wire.rows(wire.range_of(1)))
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    pieces = [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 4096, os.urandom(65536), hello,
              hello + os.urandom(4096), b"\x16\x03\x01\x02\x00\x01\x00" + os.urandom(512)]
    sockets = []
    for piece in pieces * 4:
        one = socket.create_connection(("127.0.0.1", driver.port))
        try:
            one.sendall(piece)
        except OSError:
            pass
        sockets.append(one)
    suite.expect_equal("a client beside garbage on the port", client.count(wire.range_of(1000)), 1000)
    cut = wire.message((1, client.session), (3, b"\x0a\xff\xff\xff\xff\x0f"))
    bad = [b"", b"\xff" * 64, wire.message((1, "no-uuid")), cut]
    answers = {error_of(lambda body=body: client.call("ExecutePlan", body, True))[0] for body in bad}
    suite.check("garbage as a request", None if answers <= {"INTERNAL", "INVALID_ARGUMENT"} else answers)
    deep = b""
    for _ in range(100000):
        deep = b"\x5a" + wire.varint(len(deep)) + deep if len(deep) < 1 << 20 else deep
    code, _ = error_of(lambda: client.begin(wire.rows(deep)))
    refusals = ("INTERNAL", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
    suite.check("a plan that is too deep", None if code in refusals else code)
    for one in sockets:
        one.close()
    client.release()
    client.close()
    suite.check("garbage leaves nothing", settled(driver, baseline))
    suite.check("the driver serves after garbage", None if is_serving(driver) else "it does not")


def check_idle(suite, driver):
    """An idle connection stays, with pings on it, and serves afterwards."""
    client = wire.Client(driver.port)
    client.channel = wire.grpc.insecure_channel("127.0.0.1:%d" % driver.port, options=[
        ("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.use_local_subchannel_pool", 1), ("grpc.http2.max_pings_without_data", 0)])
    client.execute(wire.rows(wire.range_of(1)))
    states = []
    client.channel.subscribe(states.append)
    time.sleep(5)
    suite.expect_equal("an idle connection with keep-alive", client.count(wire.range_of(10)), 10)
    lost = [state.name for state in states if state.name == "TRANSIENT_FAILURE"]
    suite.expect_equal("an idle connection is not lost", lost, [])
    client.release()
    client.close()


# ---- what listeners and exiting clients are told ----

def check_quiet_query(suite, driver):
    """A query without data: its listener hears that it is idle, its progress says so, and it goes on."""
    directory = suite.make_directory("quiet")
    client = wire.Client(driver.port)
    client.set_conf("spark.sql.streaming.noDataProgressEventInterval", "200ms")
    listener = client.begin(wire.command(11, wire.message((1, True))), reattachable=True)
    next(listener)  # it is added
    query = client.start(wire.stream_of("json", str(directory), "a INT"), "quiet")

    def next_event():
        event = wire.field(next(listener), 16, 1)
        return wire.field(event, 2), json.loads(wire.field(event, 1))

    progress, idle = 1, 3
    events = [next_event() for _ in range(3)]
    suite.expect_equal("idle events", [kind for kind, _ in events], [idle] * 3)
    suite.expect_equal("of the query", {(event["id"], event["runId"]) for _, event in events}, {query})
    (directory / "x.json").write_text('{"a": 1}\n', encoding="ascii")
    kind = idle
    while kind == idle:
        kind, event = next_event()
    suite.expect_equal("then its batch", (kind, event["progress"]["numInputRows"]), (progress, 1))
    suite.expect_equal("and idle again", next_event()[0], idle)
    answer = client.execute(wire.query_command(query, 4))[0]
    recent = [json.loads(text) for text in wire.fields_of(wire.field(answer, 9, 3))[5]]
    seen = [(one["batchId"], one["numInputRows"], one["sink"]["numOutputRows"]) for one in recent]
    suite.expect_equal("its progress", sorted(set(seen)), [(0, 0, -1), (0, 1, 1), (1, 0, 0)])
    client.release()
    client.close()


def check_exit(suite, driver):
    """A client that exits asks to clean its cache of models: without Spark's answer, MlCommandResult {param: Literal
    {integer: 0}}, PySpark may hang at its end."""
    client = wire.Client(driver.port)
    answers = client.execute(wire.command(17, wire.message((7, wire.message()))))
    suite.expect_equal("clean_cache", [wire.field(answer, 20) for answer in answers if wire.field(answer, 20)],
                       [wire.message((1, wire.message((6, 0))))])
    client.release()
    client.close()


# ---- the server's own life ----

def check_restart(suite, directory):
    """SIGTERM while clients wait: they get an error at once, and the next server takes new sessions on the port."""
    driver = wire.Driver(WEIR, directory)
    port = driver.port
    clients = [wire.Client(port) for _ in range(8)]
    queries = [client.start(RATE, "ticks") for client in clients]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        waits = [pool.submit(error_of, lambda c=client, q=query: c.begin(wire.query_command(q, 9, wire.message())))
                 for client, query in zip(clients, queries)]
        time.sleep(0.5)
        began = time.monotonic()
        suite.expect_equal("SIGTERM while clients wait", driver.stop(), 0)
        seconds = time.monotonic() - began
        suite.check("SIGTERM ends the driver soon", None if seconds < 10 else f"{seconds:.1f} s")
        late = [wait for wait in waits if not wait.done() and not wait_for(wait.done, 10)]
        suite.check("who waited for a query is told that it ended, or that the server did",
                    f"{len(late)} still wait" if late else None)
    again = wire.Driver(WEIR, directory, port=port)
    suite.check("a new driver on the port serves", None if is_serving(again) else "it does not")
    code, text = error_of(lambda: clients[0].begin(wire.query_command(queries[0], 2)))
    suite.check("a query of the old driver", None if code == "INTERNAL" and "not found" in text else (code, text))
    taken = weirlib.run_weir(["driver", "--master", "local[1]", "--connect", f"127.0.0.1:{port}"], directory)
    suite.check("two drivers on one port", weirlib.clear_error(taken, str(port)))
    suite.check("the first of two drivers serves", None if is_serving(again) else "it does not")
    for client in clients:
        client.close()
    suite.expect_equal("the driver ends", again.stop(), 0)


# ---- executors elsewhere ----

def answers_of(driver, directory):
    client = wire.Client(driver.port)
    source = wire.stream_of("json", str(directory / "events"), "k INT, v BIGINT", maxFilesPerTrigger="1")
    client.execute(wire.command(3, wire.message((1, source), (2, "events"), (4, True))))
    client.execute(wire.command(3, wire.message((1, wire.range_of(100000)), (2, "numbers"), (4, True))))
    counts = wire.sql("SELECT k, count(*) AS n, sum(v) AS s FROM events GROUP BY k")
    query = client.start(counts, "counts", mode="complete")
    client.execute(wire.query_command(query, 6))
    found = [client.text(wire.sql("SELECT * FROM counts ORDER BY k")),
             client.text(wire.sql("SELECT id % 3 AS g, sum(id) AS s FROM numbers GROUP BY id % 3 ORDER BY g")),
             client.count(wire.range_of(100000))]
    client.execute(wire.query_command(query, 5))
    client.release()
    client.close()
    return found


def check_cluster(suite, directory):
    for number in range(4):
        lines = [json.dumps({"k": row % 7, "v": row * number}) for row in range(1000)]
        path = directory / "events" / f"{number}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    local = wire.Driver(WEIR, directory)
    expected = answers_of(local, directory)
    local.stop()
    remote = wire.Driver(WEIR, directory, ("--listen", "tcp://127.0.0.1:0"))
    address = remote.await_log(r"listens at (tcp://127\.0\.0\.1:\d+)").group(1)
    executors = [subprocess.Popen([WEIR, "executor", "--driver", address, "--cores", "1"], cwd=directory,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for _ in range(2)]
    try:
        suite.expect_equal("two executor processes give the same answers", answers_of(remote, directory), expected)
    finally:
        for executor in executors:
            executor.terminate()
        for executor in executors:
            executor.wait(30)
        remote.stop()


def main():
    if wire.grpc is None:
        weirlib.skip("python3-grpcio is not installed")
    if not (pathlib.Path(WEIR).parent / "weir-connect.so").exists():
        weirlib.skip("there is no weir-connect.so beside the program")
    suite = Suite()
    driver = wire.Driver(WEIR, suite.directory)
    try:
        check_other_user(suite, driver)
        check_garbage(suite, driver)
        check_idle(suite, driver)
        check_quiet_query(suite, driver)
        check_exit(suite, driver)
        check_many_sessions(suite, driver)
    finally:
        suite.expect_equal("the driver ends with 0", driver.stop(), 0)
    check_restart(suite, suite.make_directory("restart"))
    check_cluster(suite, suite.make_directory("cluster"))
    check_killed_clients(suite, suite.make_directory("killed"))
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
