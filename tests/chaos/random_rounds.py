"""Random rounds: a long job on a cluster behind the proxy; each round does one to three things to it from its seed,
then heals everything, demands that the job catches up, and judges all that was printed and committed. A cluster lives
for several rounds, so that what one round leaves behind meets the next."""

import collections
import json
import random
import signal
import threading
import time

import chaoslib
import stream_job
from chaoslib import weirlib

ROUNDS_A_CLUSTER = 10
FILES_A_ROUND = 14
EXECUTORS, EXECUTORS_MAX = 3, 5
LINK_SECONDS = 5  # behind another disturbance there may be no link for a moment
KINDS = ("run_epoch", "epoch_report", "fetch_blocks", "blocks", "heartbeat", "heartbeat_reply", "start_query", "ack",
         "register", "registered")


class Round:
    """What one round does; every choice comes from its seed."""

    def __init__(self, world, seed):
        self.world, self.cluster, self.job = world, world.cluster, world.job
        self.seed, self.chance = seed, random.Random(seed)
        self.history = []
        self.left = FILES_A_ROUND
        self.started = time.monotonic()

    def note(self, what, **values):
        self.history.append({"at": round(time.monotonic() - self.started, 3), "do": what, **values})

    def pause(self, most):
        """A while in which files arrive."""
        end = time.monotonic() + self.chance.uniform(0, most)
        while time.monotonic() < end:
            if self.left > 4:
                self.job.add(1)
                self.left -= 1
            time.sleep(min(0.05, max(0.0, end - time.monotonic())))

    def executor(self):
        alive = [e for e in self.cluster.executors if e.running]
        return self.chance.choice(alive) if alive else None

    # ---- what can happen; each proves itself by what it returns ----

    def kill_executor(self):
        victim = self.executor()
        self.world.leave(victim, signal.SIGKILL)
        self.pause(0.2)
        self.cluster.add_executor()
        return victim.exit_status == -signal.SIGKILL

    def kill_executors(self):
        victims = list(self.cluster.executors)
        for victim in victims:
            self.world.leave(victim, signal.SIGKILL)
        self.pause(0.2)
        for _ in range(EXECUTORS):
            self.cluster.add_executor()
        return all(v.exit_status == -signal.SIGKILL for v in victims)

    def kill_driver(self):
        driver = self.cluster.driver
        driver.kill()
        self.pause(0.3)
        self.cluster.start_driver()
        return driver.exit_status == -signal.SIGKILL

    def end_driver(self):
        driver = self.cluster.driver
        driver.terminate()
        if driver.wait(chaoslib.LIVE_SECONDS) != 0:
            raise AssertionError(f"SIGTERM does not end the driver well: {driver.describe()}")
        self.cluster.start_driver()
        return True

    def drain_executor(self):
        victim = self.executor()
        victim.terminate()
        self.pause(0.1)
        if victim.wait(chaoslib.LIVE_SECONDS) != 0:
            raise AssertionError(f"SIGTERM does not end the executor well: {victim.describe()}")
        self.world.retire(victim)
        self.cluster.add_executor()
        return True

    def join_executor(self):
        self.cluster.add_executor(cores=self.chance.choice((1, 2)))
        if len(self.cluster.executors) > EXECUTORS_MAX:
            self.world.leave(self.cluster.executors[0], signal.SIGKILL)
        return True

    def stop_executor(self):
        return self.stop(self.executor(), self.chance.choice((0.1, 0.5, 2.5)))

    def stop_driver(self):
        return self.stop(self.cluster.driver, self.chance.choice((0.1, 0.5, 2.5)))

    def stop(self, process, seconds):
        self.note("for", seconds=seconds)
        process.pause()
        stood = chaoslib.wait_until(lambda: chaoslib.is_stopped(process), 2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pause(0.1)
        process.resume()
        return stood

    def hold_links(self):
        """A partition: a port of the proxy forwards nothing, one way or both."""
        ports = [self.cluster.driver_port, *(e.port for e in self.cluster.executors)]
        port, seconds = self.chance.choice(ports), self.chance.choice((0.2, 1.0, 2.5))
        directions = self.chance.choice((["request"], ["reply"], ["request", "reply"]))
        self.note("for", seconds=seconds, directions=directions)

        def hold():
            if self.counted("hold:link", lambda: self.cluster.proxy.command("hold", port=port, directions=directions)):
                return True
            self.cluster.proxy.command("hold", port=port, directions=[])  # else no link would ever be made
            return False

        held = chaoslib.wait_until(hold, LINK_SECONDS)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pause(0.1)
        self.cluster.proxy.command("hold", port=port, directions=[])
        return held

    def cut_links(self):
        return chaoslib.wait_until(
            lambda: self.counted("cut:link", lambda: self.cluster.proxy.command("cut")), LINK_SECONDS)

    def counted(self, name, act):
        before = self.cluster.proxy.counts()[name]
        act()
        return self.cluster.proxy.counts()[name] > before

    def mangle(self):
        action = self.chance.choice(("delay", "duplicate", "reorder", "truncate", "flip", "reset", "swallow"))
        rare = action in ("truncate", "flip", "reset", "swallow")
        proxy = self.cluster.proxy
        before = sum(v for k, v in proxy.counts().items() if k.startswith(action + ":"))
        self.note("rule", action=action)
        proxy.rule(action, chance=self.chance.choice((0.05, 0.2)), limit=4 if rare else 40, seconds=0.1,
                   seed=self.seed, at=self.chance.randrange(400))
        proxy.rule(action, kinds=[self.chance.choice(KINDS[:6])], limit=1, seconds=0.1, seed=self.seed,
                   at=self.chance.randrange(400))
        for _ in range(4):
            self.job.add(1)
            self.left -= 1
            self.pause(0.3)
        fired = chaoslib.wait_until(lambda: sum(v for k, v in proxy.counts().items()
                                                if k.startswith(action + ":")) > before, 3)
        proxy.clear()
        return fired

    WEIGHTS = (("kill_executor", 5), ("kill_executors", 1), ("kill_driver", 4), ("end_driver", 1),
               ("drain_executor", 2), ("join_executor", 2), ("stop_executor", 2), ("stop_driver", 1),
               ("hold_links", 2), ("cut_links", 2), ("mangle", 5))

    def run(self, done):
        """Problem of the round, or None."""
        names = [name for name, weight in self.WEIGHTS for _ in range(weight)]
        try:
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                self.pause(0.15)
                name = self.chance.choice(names)
                if self.executor() is None:
                    self.cluster.add_executor()
                self.note(name)
                if not getattr(self, name)():
                    return f"{name} had no effect"
                done[name] += 1
            return self.heal() or self.world.judge()
        except AssertionError as error:
            return str(error)

    def heal(self):
        """Everything works again; whoever ended by itself is a problem."""
        self.cluster.proxy.clear()
        self.cluster.proxy.command("hold", directions=[])
        for process in [self.cluster.driver, *self.cluster.executors]:
            if not process.running:
                return f"ended by itself: {process.describe()}"
            process.resume()
        while len(self.cluster.executors) < EXECUTORS:
            self.cluster.add_executor()
        self.job.add(max(0, self.left))
        self.left = 0
        return self.job.wait_done()


class World:
    """One cluster and its job, for ROUNDS_A_CLUSTER rounds."""

    def __init__(self, suite, name, source):
        self.job = stream_job.StreamJob(suite.make_directory(name), source)
        self.cluster = chaoslib.ProxiedCluster(suite.make_directory(name + ".cluster"), executors=EXECUTORS, cores=1,
                                               job=self.job.job)
        self.outputs = stream_job.DriverOutputs(self.cluster)

    def leave(self, executor, number):
        executor.signal(number)
        executor.wait()
        self.retire(executor)

    def retire(self, executor):
        self.cluster.executors.remove(executor)
        self.cluster.retired.append(executor)

    def judge(self):
        return self.job.judge(self.outputs.texts())

    def finish(self):
        """The driver ends after its batch, the executors drain: each with 0."""
        self.cluster.driver.terminate()
        if self.cluster.driver.wait(chaoslib.LIVE_SECONDS) != 0:
            return f"SIGTERM does not end the driver well: {self.cluster.driver.describe()}"
        return self.job.judge(self.outputs.texts()) or \
            weirlib.verify_checkpoint(self.job.checkpoint("counts"), stream_job.RETAIN, swept=False) or \
            chaoslib.Stage.end_executors(None, self.cluster)


class Rounds:
    def __init__(self, suite, count, seed):
        self.suite, self.count, self.seed = suite, count, seed
        self.done, self.ran = collections.Counter(), 0
        files = FILES_A_ROUND * min(count, ROUNDS_A_CLUSTER) + 10
        self.source = stream_job.Input(suite, files, 15)
        self.lock = threading.Lock()

    def run(self):
        firsts = list(range(0, self.count, ROUNDS_A_CLUSTER))
        self.suite.run_parallel(self.run_world, firsts)
        print("rounds: " + ", ".join(f"{name} {times}" for name, times in sorted(self.done.items())))
        missing = [name for name, _ in Round.WEIGHTS if not self.done[name]]
        if self.count >= 50:
            self.suite.check("every kind of fault was in a round", f"never: {missing}" if missing else None)

    def run_world(self, first):
        world = World(self.suite, f"rounds-{first}", self.source)
        with world.cluster:
            world.cluster.wait_executors(EXECUTORS)
            for number in range(first, min(first + ROUNDS_A_CLUSTER, self.count)):
                if not self.run_round(world, number):
                    return
            self.suite.check(f"end of the cluster of rounds {first} and on", world.finish())

    def run_round(self, world, number):
        seed = self.seed + number
        this, done = Round(world, seed), collections.Counter()
        problem = this.run(done)
        with self.lock:
            self.done += done
            self.ran += 1
        names = ", ".join(entry.get("action") or entry["do"] for entry in this.history if entry["do"] != "for")
        print(f"round {number} seed {seed}: {names}: {time.monotonic() - this.started:.1f} s"
              f"{' FAILED' if problem else ''}", flush=True)
        if problem:
            text = "\n".join(process.describe() for process in [world.cluster.driver, *world.cluster.executors])
            (world.job.directory / "history.jsonl").write_text(
                "".join(json.dumps(entry) + "\n" for entry in this.history), encoding="utf-8")
            problem = f"{problem}\nhistory: {this.history}\n{text}"
        return self.suite.check(f"round {number} (--rounds 1 --seed {seed})", problem)
