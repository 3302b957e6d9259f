# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Two servers that a Spark Connect client can talk to, as processes of their own: Spark's and Weir's.

Both start in the directory that they are given, so relative paths of a script mean the same files, and write their
standard output (the console sink's) to a file that `output` reads."""

import os
import socket
import subprocess
import time

SPARK_CONF = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}
WEIR_CONF = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2"}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Server:
    """A started server. `arguments` is its command; it listens at `port`."""

    def __init__(self, arguments, port, directory, seconds, env=None):
        self.port, self.directory = port, directory
        self.url = "sc://127.0.0.1:%d" % port
        self.paths = [os.path.join(directory, "server.%d.%s" % (port, kind)) for kind in ("out", "err")]
        self.began = time.monotonic()
        with open(self.paths[0], "wb") as out, open(self.paths[1], "wb") as err:
            self.process = subprocess.Popen(
                arguments,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(os.environ, **(env or {})),
            )
        self.await_port(seconds)

    def await_port(self, seconds):
        while time.monotonic() - self.began < seconds:
            if self.process.poll() is not None:
                raise RuntimeError("the server ended: " + self.errors()[-2000:])
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    self.start_seconds = time.monotonic() - self.began
                    return
            time.sleep(0.002)
        self.stop()
        raise RuntimeError("no open port after %d s: %s" % (seconds, self.errors()[-2000:]))

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def output(self):
        return self.read(self.paths[0])

    def errors(self):
        return self.read(self.paths[1])

    def rss(self):
        """Resident bytes."""
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def count_threads(self):
        return len(os.listdir("/proc/%d/task" % self.process.pid))

    def count_files(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL; the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


def flags(conf):
    return [word for key, value in conf.items() for word in ("--conf", "%s=%s" % (key, value))]


def start_spark(directory, conf=None, master="local[2]"):
    """Spark's own Connect server, of the installed pyspark."""
    import pyspark

    home = os.path.dirname(pyspark.__file__)
    port = free_port()
    conf = dict(SPARK_CONF, **{"spark.connect.grpc.binding.port": port, **(conf or {})})
    conf.setdefault("spark.sql.warehouse.dir", os.path.join(directory, "warehouse"))
    conf.setdefault("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -Dfile.encoding=UTF-8")
    arguments = [os.path.join(home, "bin", "spark-submit"), "--master", master, *flags(conf)]
    arguments += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    return Server(arguments, port, directory, 120, {"SPARK_HOME": home, "TZ": "UTC"})


def start_weir(weir, directory, conf=None, arguments=("--master", "local[2]"), env=None):
    port = free_port()
    words = [weir, "driver", *arguments, "--connect", "127.0.0.1:%d" % port, *flags(dict(WEIR_CONF, **(conf or {})))]
    return Server(words, port, directory, 30, dict({"TZ": "UTC"}, **(env or {})))
