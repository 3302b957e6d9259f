"""Cell 8 of the fault matrix: all processes die at once and the machine loses its power, so that what was not synced is
gone. A preloaded library (tests/lib/unsynced_journal.c) writes down what was written, named and synced; after the kill
a part of what was not synced, chosen by a seed, is taken back: of each directory the last names, of each file the bytes
behind its last fsync. Then everything starts again."""

import collections
import os
import pathlib
import random
import re
import shutil
import subprocess

import chaoslib
from chaoslib import LIVE_SECONDS, clusterlib, weirlib

# Where the power goes, in the driver or in an executor, and at which hit.
LOSSES = [("driver", point, hit) for point in
          ("P1.before", "P1.after", "P2.before", "P8.before", "P8.after", "P9.before", "P9.after", "P10.before",
           "P10.purge", "fs.create.before_link", "fs.create.after_link") for hit in (2, 4)] + \
         [("executor", point, 3) for point in ("P3.mid", "P5.mid", "P5.after", "P7.before", "P6.after", "P7.after")]
STATELESS_POINTS = ("P6.after",)
STATEFUL_POINTS = ("P5.mid", "P5.after", "P7.before")


def cases():
    for number, (who, point, hit) in enumerate(LOSSES):
        kind = "files" if point in STATELESS_POINTS or (point not in STATEFUL_POINTS and number % 2) else "update"
        yield f"power lost at {point} of the {who}, hit {hit}, {kind}", 8, point, "power", lose_power, \
            (who, kind, f"{point}:kill@{hit}", number)


def find_library(stage):
    named = os.environ.get("WEIR_UNSYNCED_JOURNAL")
    if named and os.path.exists(named):
        return named
    library = stage.suite.directory / "unsynced_journal.so"
    with stage.suite.lock:
        if not library.exists():
            source = weirlib.ROOT / "tests/lib/unsynced_journal.c"
            part = library.with_suffix(".part")
            subprocess.run([shutil.which("cc") or "gcc", "-D_GNU_SOURCE", "-O1", "-fPIC", "-shared", "-o", part, source,
                            "-ldl"], check=True)
            part.rename(library)
    return str(library)


class Loss:
    """What a journal says is not durable, and taking it back."""

    def __init__(self, journal):
        self.names = collections.defaultdict(list)  # directory: [(operation, path, other)] since its last sync
        self.dirty = {}                             # inode: bytes that are durable
        for line in journal.read_text(encoding="utf-8").splitlines():
            operation, rest = line.split(" ", 1)
            self.read(operation, rest)

    def read(self, operation, rest):
        if operation == "write":
            inode, size = map(int, rest.split())
            self.dirty.setdefault(inode, size)
        elif operation == "sync":
            self.dirty.pop(int(rest.split()[0]), None)
        elif operation == "syncdir":
            self.names.pop(rest, None)
        else:
            path, _, other = rest.partition("\t")
            name = other if operation == "rename" else path
            self.names[os.path.dirname(name)].append((operation, path, other))

    def take_back(self, root, chance):
        """How many names and files changed."""
        changed = 0
        inodes = {}
        for path in pathlib.Path(root).rglob("*"):
            if path.is_file():
                inodes[path.stat().st_ino] = path
        for inode, durable in self.dirty.items():
            path = inodes.get(inode)
            if path and path.stat().st_size > durable and chance.random() < 0.8:
                size = path.stat().st_size
                os.truncate(path, chance.randrange(durable, size))
                if chance.random() < 0.5:
                    os.truncate(path, size)  # the length made it, the bytes are zeroes
                changed += 1
        for directory in sorted(self.names, key=len, reverse=True):
            operations = self.names[directory]
            for entry in reversed(operations[chance.randrange(len(operations) + 1):]):
                changed += self.undo(*entry)
        return changed

    @staticmethod
    def undo(operation, path, other):
        try:
            if operation in ("create", "link"):
                os.unlink(path)
            elif operation == "mkdir":
                os.rmdir(path)
            elif operation == "rename":
                os.rename(other, path)
            elif operation == "unlink":
                os.link(other, path)
        except OSError:
            return 0  # what was made in it is durable, or it has gone another way
        return 1


def lose_power(stage, name, cell, phase, fault, who, kind, arm, number):
    job = stage.make_job(name, kind)
    directory = stage.suite.make_directory(name + ".cluster")
    journal = directory / "journal"
    recorded = {"LD_PRELOAD": find_library(stage), "UNSYNCED_ROOT": str(job.directory),
                "UNSYNCED_JOURNAL": str(journal)}
    arms = {"driver": arm if who == "driver" else "", "executor": arm if who == "executor" else ""}
    with clusterlib.Cluster(directory, executors=0, cores=1, job=job.job,
                            driver_env={**recorded, "WEIR_FAIL": arms["driver"]},
                            executor_env={**recorded, "WEIR_FAIL": arms["executor"]}) as cluster:
        victims = [cluster.add_executor()]
        victims.append(cluster.driver)
        if not chaoslib.wait_until(lambda: any(not v.running for v in victims)) or \
                not any(re.search(r"failpoint \S+ fired", v.err) for v in victims):
            return f"the failpoint did not fire: {cluster.driver.describe()}"
        for process in [cluster.driver, *cluster.executors]:
            process.kill()
        job.printed.append(cluster.driver.out)
        lost = Loss(journal).take_back(job.directory, random.Random(number))
        stage.note(cell, phase, fault)
        stage.note(cell, "names and files", "taken back", lost)
        cluster.driver_env, cluster.executor_env = {}, {}
        cluster.start_driver()
        cluster.add_executor()
        cluster.add_executor()
        # A console may have printed a batch whose commit is lost: it prints it again.
        return stage.finish_run(cluster, job, LIVE_SECONDS) or stage.judge(job)
