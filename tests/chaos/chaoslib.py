"""What the chaos tests share: a cluster whose links pass a mangling proxy, or whose processes live on hosts of their
own; jobs in whose every phase something can happen; the judgement; the table of what fired where.

A case disturbs a run and returns a problem or None. It must prove that its disturbance took place (`fired`), or the
case fails: a fault that never happened proves nothing.
"""

import collections
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
# pylint: disable=wrong-import-position
import clusterlib  # noqa: E402
import crash_jobs  # noqa: E402
import weirlib  # noqa: E402

FILES, ROWS, FILES_A_BATCH = 12, 30, 2
LIVE_SECONDS = 20  # a job that was disturbed ends within this time after the last fault
FAILPOINT = re.compile(r"failpoint ([\w.]+) fired")


# ---- the proxy ----

class ProxyHost:
    """A running sp_proxy.py."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / "sp_proxy.py")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def command(self, do, **values):
        with self.lock:
            self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the proxy ended")
        return json.loads(line)

    def listen(self):
        return self.command("listen")["port"]

    def target(self, port, url):
        host, number = url.split("://")[1].rsplit(":", 1)
        self.command("target", port=port, host=host, to=int(number))

    def rule(self, action, **values):
        self.command("rule", action=action, **values)

    def clear(self):
        return self.command("clear")["counts"]

    def counts(self):
        return collections.Counter(self.command("counts")["counts"])

    def frames(self):
        return collections.Counter(self.command("counts")["frames"])

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.stdout.close()


# ---- clusters ----

def free_port():
    """A port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ProxiedCluster(clusterlib.Cluster):
    """Every link passes the proxy: executors know the driver by `driver_port`, driver and peers know an executor by
    its `port` there."""

    def __init__(self, directory, **options):
        super().__init__(directory, **options)
        self.proxy = ProxyHost()
        self.driver_port = self.proxy.listen()

    def start_driver(self, job=None, env=None, listen=None, arguments=()):
        driver = super().start_driver(job, env, listen, arguments)
        self.proxy.target(self.driver_port, driver.url)
        return driver

    def add_executor(self, cores=None, env=None, arguments=()):
        port, url = self.proxy.listen(), f"tcp://127.0.0.1:{free_port()}"
        command = ["executor", "--driver", f"tcp://127.0.0.1:{self.driver_port}", "--cores", cores or self.cores,
                   "--listen", url, "--advertise", f"127.0.0.1:{port}",
                   *self.executor_arguments, *arguments]
        self.made += 1
        executor = clusterlib.Process(command, self.directory / f"executor-{self.made}",
                                      self.environment({**self.executor_env, **(env or {})}), self.weir)
        executor.port, executor.found_url = port, url  # it tells the address that others reach
        self.executors.append(executor)
        self.proxy.target(port, url)
        return executor

    def close(self):
        super().close()
        self.proxy.close()


def is_stopped(process):
    """The process stands still (SIGSTOP), as the kernel sees it."""
    try:
        text = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return text.rsplit(") ", 1)[1][0] == "T"


def memory_mb(process):
    """Resident memory of a process, in MB; 0 where it is gone."""
    try:
        for line in pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0


def fired_points(process):
    return FAILPOINT.findall(process.err)


def wait_until(condition, seconds=LIVE_SECONDS):
    """True where the condition came true in time."""
    try:
        clusterlib.wait_for(condition, "", seconds)
        return True
    except AssertionError:
        return False


def count_named(status, *words):
    """Sum of all numbers in a status whose name, or that of what holds them, has one of the words."""
    def total(value, inside):
        if isinstance(value, dict):
            return sum(total(v, inside or any(w in k.lower() for w in words)) for k, v in value.items())
        if isinstance(value, list):
            return sum(total(v, inside) for v in value)
        return value if inside and isinstance(value, (int, float)) and not isinstance(value, bool) else 0
    return total(status or {}, False)


# ---- jobs and their judgement ----

class Job(crash_jobs.CrashJob):
    """A crash job that a driver runs with --job, FILES_A_BATCH files a batch, so that every executor has splits."""

    def __init__(self, kind, directory, conf=None, files_a_batch=FILES_A_BATCH):
        super().__init__(kind, directory, conf, files_a_batch)
        self.files_a_batch = files_a_batch

    def take_output(self, driver):
        """Keeps what an ended driver printed."""
        self.printed.append(driver.out)

    def judge(self, reference, rows):
        return self.compare(reference, rows) or self.batch_problem()

    def batch_problem(self):
        """Every row of the file sink lies in the batch that its file belongs to: the batch is the number of its log
        entry, the rows of file f belong to batch f // files_a_batch."""
        if self.kind != "files":
            return None
        files = weirlib.log_files(self.output / "_spark_metadata")
        for batch, path in files.items():
            if path.name.endswith(".compact"):
                continue
            for entry in weirlib.log_lines(path):
                for line in weirlib.entry_path(entry).read_text(encoding="utf-8").splitlines():
                    if json.loads(line)["file"] // self.files_a_batch != batch:
                        return f"{path} lists {line}, which is of another batch"
        return None


def driver_problem(driver, status=0):
    return None if driver.exit_status == status else driver.describe()


class Stage:
    """Input files, the undisturbed output of each kind of job over them, and the table of what fired."""

    def __init__(self, suite, files=FILES, rows=ROWS, files_a_batch=FILES_A_BATCH, kinds=crash_jobs.KINDS):
        self.suite, self.files, self.rows = suite, files, rows
        self.files_a_batch = files_a_batch
        self.source = suite.make_directory(f"input-{files}-{rows}")
        weirlib.write_numbered(self.source, 0, files, rows)
        self.expected = crash_jobs.expected_rows(files, rows)
        self.references = {}
        for kind in kinds:
            job = self.make_job(f"undisturbed-{kind}-{files}-{rows}", kind)
            run = job.run()
            suite.check(f"undisturbed {kind}", run.problem() or job.judge(run.out, self.expected))
            self.references[kind] = run.out
        self.fired = collections.Counter()  # (cell, phase, fault): times

    def make_job(self, name, kind, conf=None, first=None):
        """A job in a directory of its own, with the first `first` files (all) to read."""
        job = Job(kind, self.suite.make_directory(name), conf, self.files_a_batch)
        names = [f"file-{i:04d}.json" for i in range(self.files)][:first]
        weirlib.link_files(self.source, job.input, names)
        return job

    def grow(self, job, first):
        weirlib.link_files(self.source, job.input, [f"file-{i:04d}.json" for i in range(first, self.files)])

    def judge(self, job):
        return job.judge(self.references[job.kind], self.expected)

    def note(self, cell, phase, fault, times=1):
        with self.suite.lock:
            self.fired[cell, phase, fault] += times

    def finish_run(self, cluster, job, seconds=LIVE_SECONDS, status=0):
        """Waits for the end of the job's driver and keeps its output; problem where it does not end well."""
        ended = cluster.driver.wait(seconds)
        job.take_output(cluster.driver)
        if ended is None:
            return f"the job did not end within {seconds} s: {cluster.driver.describe()}"
        return driver_problem(cluster.driver, status)

    def resume_run(self, cluster, job, seconds=LIVE_SECONDS):
        """Starts the driver again at its port and waits for the job's end."""
        job.take_output(cluster.driver)
        cluster.start_driver(env={"WEIR_FAIL": ""})
        return self.finish_run(cluster, job, seconds)

    def end_executors(self, cluster):
        """Ends the executors by SIGTERM, as a user would: each ends with 0. The problem, or None."""
        for executor in [e for e in cluster.executors if e.running]:
            executor.terminate()
            executor.resume()
        for executor in cluster.executors:
            if executor.wait(10) not in (0, -signal.SIGKILL):
                return f"an executor does not end well: {executor.describe()}"
        return None


def print_table(suite, cells, fired):
    """Phase x fault of every cell; a cell of `cells` ({cell: [(phase, fault)]}) that was never hit is a failure."""
    for cell in sorted(cells, key=str):
        print(f"cell {cell}:")
        faults = sorted({fault for _, fault in cells[cell]})
        width = max(len(phase) for phase, _ in cells[cell]) + 2
        print("  " + " " * width + "".join(f"{fault:>12}" for fault in faults))
        for phase in sorted({phase for phase, _ in cells[cell]}):
            texts = (fired.get((cell, phase, fault), 0) if (phase, fault) in cells[cell] else "" for fault in faults)
            print(f"  {phase:<{width}}" + "".join(f"{text:>12}" for text in texts))
        for phase, fault in cells[cell]:
            suite.check(f"cell {cell}: {phase} x {fault} was hit", None if fired.get((cell, phase, fault)) else "never")
