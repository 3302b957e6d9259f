"""A cluster of real processes for the integration and chaos tests: one driver, executors, submitting clients.

    with Cluster(directory, executors=2, cores=1) as cluster:      # all on 127.0.0.1, ports from the system
        run = cluster.submit(job)                                  # weir run --master nng://...
        cluster.executors[0].kill()                                # or .signal(SIGSTOP), .terminate(), ...
        cluster.add_executor()
        print(cluster.executors[1].status()["counters"])           # weir status --json

Every process works in a directory of its own below `directory`, so that nothing depends on a shared working
directory; what it wrote is in `process.out` and `process.err` at any time. Leaving the block ends every process
that is still there; one that ended by itself with a sanitizer's report raises.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import weirlib

START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 20
URL_LINE = re.compile(r" INFO (?:driver|executor): listens at (\S+)$", re.M)
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "assertion failed")


class Process:
    """A long-running weir; `url` is where it listens."""

    def __init__(self, arguments, cwd, env=None, weir=None):
        self.arguments, self.cwd = [str(a) for a in arguments], pathlib.Path(cwd)
        self.cwd.mkdir(parents=True, exist_ok=True)
        self.env, self.weir = weirlib.make_environment(env), weir or weirlib.WEIR
        number = len(list(self.cwd.glob("*.out")))
        self.out_path, self.err_path = self.cwd / f"{number}.out", self.cwd / f"{number}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([self.weir, *self.arguments], cwd=self.cwd, env=self.env,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.started = time.monotonic()
        self.found_url = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def out(self):
        return self.out_path.read_text("utf-8", "replace")

    @property
    def err(self):
        return self.err_path.read_text("utf-8", "replace")

    @property
    def url(self):
        """Waits for the port that it got. Raises where the process ends first."""
        if not self.found_url:
            match = wait_for(lambda: URL_LINE.search(self.err), self.describe, START_SECONDS_MAX,
                             lambda: not self.running)
            self.found_url = match.group(1)
        return self.found_url

    @property
    def running(self):
        return self.process.poll() is None

    @property
    def exit_status(self):
        """None while it runs; negative = the signal that ended it."""
        return self.process.poll()

    def describe(self):
        state = "running" if self.running else f"status {self.exit_status}"
        return f"weir {' '.join(self.arguments)}: {state}; standard error: {weirlib.shorten(self.err.strip(), 1500)}"

    def status(self, seconds_max=5):
        """What `weir status --json` prints of it, well or not; None where it does not answer."""
        command = [self.weir, "status", self.url, "--json"]
        done = subprocess.run(command, env=self.env, capture_output=True, timeout=seconds_max, check=False)
        return json.loads(done.stdout) if done.stdout else None

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """kill -9, and waits until it is gone."""
        self.process.kill()
        return self.process.wait()

    def terminate(self):
        self.signal(signal.SIGTERM)

    def wait(self, seconds_max=STOP_SECONDS_MAX):
        """The exit status; None where it still runs."""
        try:
            return self.process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds_max=STOP_SECONDS_MAX):
        """SIGTERM; the exit status. One that does not end is killed: None."""
        if not self.running:
            return self.exit_status
        self.resume()
        self.terminate()
        status = self.wait(seconds_max)
        if status is None:
            self.kill()
        return status

    def check_reports(self):
        for mark in REPORTS:
            if mark in self.err:
                raise AssertionError(self.describe())


class Client(Process):
    """`weir run --master nng://...`, running beside the test; `finish` gives a weirlib.Run."""

    def finish(self, seconds_max=weirlib.RUN_SECONDS_MAX):
        status = self.wait(seconds_max)
        if status is None:
            self.kill()
        return weirlib.Run(self.exit_status, self.out, self.err, time.monotonic() - self.started, status is None)


def wait_for(condition, describe=None, seconds_max=START_SECONDS_MAX, broken=None, interval=0.02):
    """The first true value of condition(); raises after seconds_max, or as soon as broken()."""
    end = time.monotonic() + seconds_max
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end or (broken and broken()):
            value = condition()
            if value:
                return value
            raise AssertionError(f"waited in vain: {describe() if callable(describe) else describe}")
        time.sleep(interval)


def make_secret(path, text=None):
    """A secret file that only its owner can read."""
    path = pathlib.Path(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text or os.urandom(32).hex())
    return path


class Cluster:
    """`executors` processes with `cores` task threads each, registered when start() returns. `job` goes to the
    driver's --job (then start() does not wait for executors); without it jobs are submitted."""

    def __init__(self, directory, executors=2, cores=1, job=None, conf=None, secret=None, driver_arguments=(),
                 executor_arguments=(), driver_env=None, executor_env=None, listen="tcp://127.0.0.1:0", weir=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.wanted, self.cores, self.job, self.conf = executors, cores, job, conf or {}
        self.secret, self.weir, self.listen = secret, weir, listen
        self.driver_arguments, self.executor_arguments = list(driver_arguments), list(executor_arguments)
        self.driver_env, self.executor_env = driver_env or {}, executor_env or {}
        self.driver, self.executors, self.clients, self.retired = None, [], [], []
        self.made = 0

    # ---- life ----

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, value, trace):
        self.close()
        if kind is None:
            self.check_reports()

    def start(self):
        self.start_driver()
        for _ in range(self.wanted):
            self.add_executor()
        if not self.job:
            self.wait_executors(self.wanted)
        return self

    def close(self):
        """Ends everything at once: clients, executors, driver."""
        processes = [*self.clients, *self.executors, *([self.driver] if self.driver else [])]
        for process in processes:
            if process.running:
                process.resume()
                process.terminate()
        for process in processes:
            if process.running and process.wait(5) is None:
                process.kill()

    def check_reports(self):
        for process in [*self.clients, *self.executors, *self.retired, *([self.driver] if self.driver else [])]:
            process.check_reports()

    # ---- processes ----

    def environment(self, extra):
        secret = {"WEIR_SECRET_FILE": str(self.secret)} if self.secret else {}
        return {**secret, **extra}

    def start_driver(self, job=None, env=None, listen=None, arguments=()):
        """Starts the driver, or another one at the port of the one before."""
        if self.driver:
            listen = listen or self.driver.url
            self.retired.append(self.driver)
        command = ["driver", "--listen", listen or self.listen]
        if job or self.job:
            command += ["--job", job or self.job]
        for key, value in self.conf.items():
            command += ["--conf", f"{key}={value}"]
        self.driver = Process([*command, *self.driver_arguments, *arguments], self.directory / "driver",
                              self.environment({**self.driver_env, **(env or {})}), self.weir)
        self.driver.url  # pylint: disable=pointless-statement
        return self.driver

    def restart_driver(self, number=signal.SIGKILL, **options):
        self.driver.signal(number)
        self.driver.wait()
        return self.start_driver(**options)

    def add_executor(self, cores=None, env=None, arguments=()):
        """Starts one more; does not wait for its registration (wait_executors does)."""
        command = ["executor", "--driver", self.driver.url, "--cores", cores or self.cores,
                   "--listen", "tcp://127.0.0.1:0", *self.executor_arguments, *arguments]
        self.made += 1
        executor = Process(command, self.directory / f"executor-{self.made}",
                           self.environment({**self.executor_env, **(env or {})}), self.weir)
        self.executors.append(executor)
        return executor

    def remove_executor(self, executor, number=signal.SIGTERM, seconds_max=STOP_SECONDS_MAX):
        """Ends one; its exit status."""
        executor.signal(number)
        status = executor.wait(seconds_max)
        if status is None:
            executor.kill()
        self.executors.remove(executor)
        self.retired.append(executor)
        return status

    def live_executors(self):
        """The executors that the driver counts as alive, as its status lists them."""
        status = self.driver.status() or {}
        return [e for e in status.get("executors", []) if e.get("state") == "alive"]

    def wait_executors(self, count, seconds_max=START_SECONDS_MAX):
        wait_for(lambda: len(self.live_executors()) == count,
                 lambda: f"{count} executors at {self.driver.describe()}", seconds_max,
                 lambda: not self.driver.running, 0.05)

    # ---- jobs ----

    def master(self):
        return re.sub(r"^(?:tls\+)?tcp://", "nng://", self.driver.url)

    def start_job(self, job, cwd=None, conf=None, progress="none", arguments=(), env=None):
        """A submitting client in the background."""
        command = ["run", job, "--master", self.master(), "--progress", progress, *arguments]
        for key, value in (conf or {}).items():
            command += ["--conf", f"{key}={value}"]
        directory = pathlib.Path(cwd) if cwd else self.directory / f"client-{len(self.clients)}"
        client = Client(command, directory, self.environment(env or {}), self.weir)
        self.clients.append(client)
        return client

    def submit(self, job, seconds_max=weirlib.RUN_SECONDS_MAX, **options):
        """Runs a job to its end on the cluster: a weirlib.Run."""
        return self.start_job(job, **options).finish(seconds_max)

    def counters(self):
        """One dictionary an executor that answers."""
        return [status["counters"] for status in (e.status() for e in self.executors if e.running) if status]
