#!/usr/bin/env python3
"""What goes wrong between the processes of a cluster is one clear error with the right status; the others go on."""

import os
import signal
import socket
import struct
import sys
import threading
import time

import weirlib
from clusterlib import Client, Cluster, Process, make_secret, wait_for

RATE = {"name": "q", "sql": "SELECT value FROM s", "sink": {"format": "noop"}}


def rate_job(path):
    return weirlib.write_job(path, {"s": {"format": "rate"}}, [RATE])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_listening(suite):
    """Ports that are taken, addresses that are not this machine's, other machines without a secret."""
    directory = suite.make_directory("listening")
    job = rate_job(directory / "job.yaml")
    with Cluster(directory / "cluster", executors=1) as cluster:
        port = cluster.driver.url.rsplit(":", 1)[1]
        for name, command in (
                ("a driver", ["driver", "--listen", f"tcp://127.0.0.1:{port}"]),
                ("a driver with a job", ["driver", "--listen", f"tcp://127.0.0.1:{port}", "--job", job]),
                ("an executor", ["executor", "--driver", cluster.driver.url, "--listen", f"tcp://127.0.0.1:{port}"])):
            run = weirlib.run_weir(command, directory)
            suite.check(f"{name} at a port in use", weirlib.clear_error(run, "RPC_ERROR", port, "in use"))
        run = weirlib.run_weir(["run", job, "--master", cluster.executors[0].url.replace("tcp", "nng")], directory)
        suite.check("a job handed to an executor", weirlib.clear_error(run, "is not a driver"))
        suite.check("the cluster is well", None if cluster.driver.status() and cluster.executors[0].status()
                    else cluster.driver.describe())
    for name, command in (
            ("a driver", ["driver", "--listen", "tcp://0.0.0.0:0"]),
            ("an executor", ["executor", "--driver", f"tcp://127.0.0.1:{free_port()}", "--listen", "tcp://0.0.0.0:0"])):
        run = weirlib.run_weir(command, directory)
        suite.check(f"{name} open to others without a secret", weirlib.clear_error(run, "0.0.0.0", "secret"))
        process = Process([*command, "--insecure"], directory)
        suite.check(f"{name} with --insecure", None if process.url else process.describe())
        suite.expect_equal(f"{name} with --insecure stops", process.stop(10), 0)
    run = weirlib.run_weir(["driver", "--listen", "tcp://203.0.113.7:7077", "--insecure"], directory)
    suite.check("another machine's address", weirlib.clear_error(run, "203.0.113.7"))


def check_secrets(suite):
    directory = suite.make_directory("secrets")
    right, wrong = make_secret(directory / "right"), make_secret(directory / "wrong")
    wide = make_secret(directory / "wide")
    wide.chmod(0o640)
    short = make_secret(directory / "short", "abc")
    job = rate_job(directory / "job.yaml")
    for name, file, text in (("a readable secret", wide, "0600"), ("a short secret", short, "16"),
                             ("a missing secret", directory / "none", "none")):
        for command in (["driver", "--listen", "tcp://127.0.0.1:0"], ["executor", "--driver", "tcp://127.0.0.1:1"],
                        ["status", "tcp://127.0.0.1:1"], ["run", job, "--master", "nng://127.0.0.1:1"]):
            run = weirlib.run_weir([*command, "--secret-file", file], directory)
            suite.check(f"{command[0]}: {name}", weirlib.clear_error(run, str(file), text))
    with Cluster(directory / "cluster", executors=1, secret=right) as cluster:
        secret = right.read_text()
        for name, options in (("a wrong secret", {"env": {"WEIR_SECRET_FILE": str(wrong)}}), ("no secret", {})):
            for command in (["status", cluster.driver.url], ["status", cluster.executors[0].url],
                            ["run", job, "--master", cluster.master()], ["executor", "--driver", cluster.driver.url]):
                run = weirlib.run_weir(command, directory, **options)
                suite.check(f"{command[0]} with {name}", weirlib.clear_error(run, "AUTHENTICATION_FAILED"))
        run = weirlib.run_weir(["status", cluster.driver.url, "--secret-file", right], directory)
        suite.check("the right secret as a flag", run.problem())
        suite.expect_equal("the cluster is well", len(cluster.live_executors()), 1)
        with open(f"/proc/{cluster.driver.pid}/cmdline", encoding="utf-8") as arguments:
            texts = [cluster.driver.err, cluster.executors[0].err, run.out, arguments.read()]
        suite.check("the secret is shown nowhere", None if not any(secret in t for t in texts) else "it is")


def check_no_driver(suite):
    """A submission waits, says so, and gives up; a signal ends the waiting; an executor waits for ever."""
    directory = suite.make_directory("no driver")
    job = rate_job(directory / "job.yaml")
    port = free_port()
    started = time.monotonic()
    patient = Client(["run", job, "--master", f"nng://127.0.0.1:{port}"], directory / "patient")
    hasty = Client(["run", job, "--master", f"nng://127.0.0.1:{port}"], directory / "hasty")
    executor = Process(["executor", "--driver", f"tcp://127.0.0.1:{port}"], directory / "executor")
    run = weirlib.run_weir(["status", f"tcp://127.0.0.1:{port}"], directory)
    suite.check("status without a driver", weirlib.clear_error(run, "RPC_ERROR", str(port)))
    run = weirlib.run_weir(["run", directory / "job.yaml", "--master", f"nng://127.0.0.1:{port}", "--conf", "x"],
                           directory)
    suite.expect_equal("a wrong command line needs no driver", run.status, 2)
    (directory / "bad.yaml").write_text("name: x\n")
    run = weirlib.run_weir(["run", directory / "bad.yaml", "--master", f"nng://127.0.0.1:{port}"], directory)
    suite.check("a wrong spec needs no driver", weirlib.clear_error(run, "INVALID_JOB_SPEC", "bad.yaml:1"))
    wait_for(lambda: "does not answer" in hasty.err, hasty.describe, 10)
    hasty.terminate()
    run = hasty.finish(5)
    suite.check("a signal ends the wait for a driver", None if run.status == 1 and not run.hung else run.describe())
    wait_for(lambda: str(port) in executor.err, executor.describe, 10)
    suite.check("an executor waits", None if executor.running else executor.describe())
    suite.expect_equal("and stops with 0", executor.stop(10), 0)
    run = patient.finish(45)
    suite.check("no driver", None if run.status == 1 and f"127.0.0.1:{port} did not answer" in run.err
                else run.describe())
    waited = time.monotonic() - started
    suite.check("it was waited for", None if 25 < waited < 45 else f"{waited:.0f} s")


def check_driver_comes_late(suite):
    """Executor and client first, then their driver: the job runs."""
    directory = suite.make_directory("late driver")
    port = free_port()
    source = directory / "in"
    weirlib.write_numbered(source, 0, 2, 10)
    job = weirlib.write_job(directory / "job.yaml", {"events": weirlib.json_source(weirlib.NUMBERED_SCHEMA, "in")}, [
        weirlib.console_query("q", "SELECT count(*) AS n FROM events", "complete", "checkpoint")])
    client = Client(["run", job, "--master", f"nng://127.0.0.1:{port}"], directory)
    executor = Process(["executor", "--driver", f"tcp://127.0.0.1:{port}"], directory / "executor")
    driver = None
    try:
        wait_for(lambda: "does not answer" in client.err, client.describe, 10)
        driver = Process(["driver", "--listen", f"tcp://127.0.0.1:{port}"], directory / "driver")
        run = client.finish(20)
        suite.check("a driver that comes late", run.problem() or (None if "|20 |" in run.out else run.out))
        suite.check("relative paths are those of the client",
                    None if (directory / "checkpoint/commits/0").exists() else "there is no checkpoint")
    finally:
        for process in (client, executor, driver):
            if process:
                process.stop(5)


class OtherVersion:
    """Answers every request as a program of another protocol version does: nng's framing, a frame of version 99."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            connection.sendall(b"\0SP\0" + struct.pack(">HH", 0x31, 0))  # REP
            self.read(connection, 8)
            while True:
                body = self.read(connection, struct.unpack(">Q", self.read(connection, 8))[0])
                head = struct.pack("<IHHQIIQ", 0x52494557, 99, 18, 0, 0, 0, 0)
                crc = weirlib.crc32c(head)
                reply = body[:4] + bytes(4) + head[:20] + struct.pack("<I", crc) + head[24:]
                connection.sendall(struct.pack(">Q", len(reply)) + reply)
        except (OSError, EOFError):
            connection.close()

    @staticmethod
    def read(connection, size):
        data = b""
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data


def check_versions(suite):
    directory = suite.make_directory("versions")
    other = OtherVersion()
    job = rate_job(directory / "job.yaml")
    for command in (["status", other.url], ["run", job, "--master", other.url.replace("tcp", "nng")],
                    ["executor", "--driver", other.url]):
        started = time.monotonic()
        run = weirlib.run_weir(command, directory)
        suite.check(f"{command[0]}: another protocol version", weirlib.clear_error(run, "version 99"))
        suite.check(f"{command[0]}: at once", None if time.monotonic() - started < 5 else run.describe())


def check_client_goes(suite):
    """The driver and its other jobs outlive a client that is killed."""
    directory = suite.make_directory("client")
    job = rate_job(directory / "job.yaml")
    with Cluster(directory / "cluster", executors=1) as cluster:
        client = cluster.start_job(job, progress="line")
        wait_for(lambda: "batch 1" in client.err, client.describe)
        client.kill()
        other = cluster.start_job(job, progress="line")
        wait_for(lambda: "batch 1" in other.err, other.describe)
        other.signal(signal.SIGINT)
        time.sleep(0.05)
        other.signal(signal.SIGINT)
        run = other.finish(10)
        suite.check("two Ctrl-C end a job at once", run.problem())
        suite.check("the driver is well", None if cluster.driver.status() else cluster.driver.describe())
        suite.expect_equal("a driver stops the job that nobody follows", cluster.driver.stop(), 0)


def main():
    suite = weirlib.Suite()
    os.environ.pop("WEIR_SECRET_FILE", None)
    steps = [check_no_driver, check_listening, check_secrets, check_driver_comes_late, check_versions,
             check_client_goes]
    suite.run_parallel(lambda step: step(suite), steps)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
