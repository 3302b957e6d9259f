#!/usr/bin/env python3
"""Damaged files of a checkpoint and of a sink's log: each file is cut, changed, extended, removed or swapped, and
the query is started again over more input. It ends with one clear error that names the file, or its output is the
true one; it never crashes, hangs, or gives other rows.

WEIR_SEED: other positions of the changes.
"""

import collections
import os
import pathlib
import random
import shutil
import sys

import crash_jobs
import weirlib

SEED = int(os.environ.get("WEIR_SEED", "1"))
FILES_FIRST, FILES_MORE, ROWS = 7, 2, 16
HANG_SECONDS = 10
FLIPS = 14
RELEASE = weirlib.ROOT / "build/release/weir"
GARBAGE = (b"\n", b"x", b"\0" * 64, b"\n{}", bytes(range(256)) * 2)


def cut_lengths(data, chance):
    lengths = {0, 1, len(data) // 2, len(data) - 1}
    lengths |= {i for i, byte in enumerate(data[:400]) if byte == 10}
    lengths |= {chance.randrange(len(data)) for _ in range(5)}
    return sorted(length for length in lengths if 0 <= length < len(data))


def changes_of(path, others, chance):
    """(what, function(path)) of all damages to one file; `others` are files of the same kind to swap with."""
    data = path.read_bytes()
    changes = [(f"cut to {length}", lambda p, n=length: p.write_bytes(data[:n]))
               for length in cut_lengths(data, chance)]
    positions = {chance.randrange(len(data)) for _ in range(FLIPS)} | {0, len(data) - 1}
    for at in sorted(positions):
        bit = 1 << chance.randrange(8)
        changed = data[:at] + bytes([data[at] ^ bit]) + data[at + 1:]
        changes.append((f"bit {bit:#x} at {at}", lambda p, d=changed: p.write_bytes(d)))
    for tail in GARBAGE:
        changes.append((f"{len(tail)} bytes {tail[:3]!r} behind", lambda p, t=tail: p.write_bytes(data + t)))
    changes.append(("a zeroed page", lambda p: p.write_bytes(b"\0" * min(4096, len(data)) + data[4096:])))
    changes.append(("removed", lambda p: p.unlink()))
    changes.append(("a directory instead", lambda p: (p.unlink(), p.mkdir())))
    for other in others[:2]:
        changes.append((f"swapped with {other.name}", lambda p, o=other.name: swap(p, p.parent / o)))
    return changes


def swap(left, right):
    spare = left.parent / "spare"
    left.rename(spare)
    right.rename(left)
    spare.rename(right)


def damaged_files(root):
    """Files that the query reads again: the whole checkpoint and the sink's log (rows are read by readers)."""
    found = []
    for top in ("checkpoint", "out/_spark_metadata"):
        if (root / top).is_dir():
            found += [path for path in sorted((root / top).rglob("*")) if path.is_file()]
    return found


class Slot:
    """A place where damaged copies of one golden job are run: logs hold absolute paths, so a copy has to stand
    where the golden one stood. Slots work side by side, each on its share of the files."""

    def __init__(self, suite, weir, kind, share, shares):
        self.suite, self.weir, self.kind, self.share, self.shares = suite, weir, kind, share, shares
        self.name = f"{kind}-{share}"
        self.place = suite.directory / self.name
        self.golden = suite.directory / f"golden-{self.name}"
        self.outcomes = collections.Counter()

    def prepare(self, source, names):
        """A checkpoint of FILES_FIRST batches and then more input; and what the true continuation prints."""
        whole = crash_jobs.CrashJob(self.kind, self.suite.make_directory(f"undisturbed-{self.name}"))
        weirlib.link_files(source, whole.input)
        run = whole.run(weir=self.weir)
        self.suite.check(f"undisturbed {self.name}", run.problem())
        self.truth = {table.batch: table.sorted_text() for table in weirlib.split_console(run.out)}
        job = crash_jobs.CrashJob(self.kind, self.place)
        weirlib.link_files(source, job.input, names[:FILES_FIRST])
        self.suite.check(f"golden {self.name}", job.run(weir=self.weir).problem())
        weirlib.link_files(source, job.input, names[FILES_FIRST:])
        self.place.rename(self.golden)

    def run(self):
        chance = random.Random(f"{SEED} {self.name}")
        for path in damaged_files(self.golden)[self.share::self.shares]:
            others = [p for p in sorted(path.parent.iterdir()) if p != path and p.is_file()]
            chance.shuffle(others)
            for what, change in changes_of(path, others, chance):
                self.run_change(str(path.relative_to(self.golden)), what, change)

    def run_change(self, relative, what, change):
        shutil.copytree(self.golden, self.place, copy_function=copy_or_link)
        change(self.place / relative)
        job = crash_jobs.CrashJob(self.kind, self.place)
        run = job.run(weir=self.weir, seconds_max=HANG_SECONDS)
        self.outcomes["error" if run.status else "true output"] += 1
        problem = self.judge(run, job, relative, what)
        if self.suite.check(f"{self.kind}: {relative}: {what}", problem):
            shutil.rmtree(self.place)
        else:
            self.place.rename(self.suite.directory / f"failed-{self.name}-{sum(self.outcomes.values())}")

    def judge(self, run, job, relative, what):
        """Problem of one start over damage."""
        if run.hung:
            return "hung"
        if run.crashed:
            return f"crashed: {run.describe()}"
        tables = weirlib.split_console(run.out)
        for table in tables:
            if table.sorted_text() != self.truth.get(table.batch):
                return f"other rows, status {run.status}:\n{table.text}"
        if run.status != 0:
            return weirlib.clear_error(run, name_in_error(relative, what))
        if self.kind != "files":
            last = FILES_FIRST + FILES_MORE - 1
            return None if last in {t.batch for t in tables} else "ended well without the last batch"
        try:
            rows = weirlib.read_sink(job.output)
        except (OSError, ValueError, KeyError) as error:
            return f"ended well, but the output cannot be read: {error}"
        return weirlib.compare_rows(rows, crash_jobs.expected_rows(FILES_FIRST + FILES_MORE, ROWS))


def name_in_error(relative, what):
    """The damaged file, or its folder where another entry may be the first that does not fit."""
    path = pathlib.Path(relative)
    if what.startswith("a directory"):
        return ""  # what does not exist as a file is found missing, or in the way, in several places
    if what.startswith(("removed", "swapped")):
        return "/out" if relative.startswith("out/") else path.parent.name
    return f"{path.parent.name}/{path.name}"


def copy_or_link(source, target):
    """Input is never changed: a link keeps its time, and costs nothing."""
    source, target = pathlib.Path(source), pathlib.Path(target)
    if source.parent.name == "in":
        os.link(source, target)
    else:
        shutil.copy2(source, target)
    return target


def main():
    suite = weirlib.Suite()
    weir = str(RELEASE) if os.access(RELEASE, os.X_OK) else weirlib.WEIR
    source = suite.make_directory("input")
    weirlib.write_numbered(source, 0, FILES_FIRST + FILES_MORE, ROWS)
    names = sorted(path.name for path in source.iterdir())
    slots = [Slot(suite, weir, kind, share, 2) for kind in ("complete", "files") for share in range(2)]
    for slot in slots:
        slot.prepare(source, names)
    suite.run_parallel(Slot.run, slots)
    outcomes = sum((slot.outcomes for slot in slots), collections.Counter())
    print(f"{sum(outcomes.values())} damages: {outcomes['error']} clear errors, {outcomes['true output']} true outputs")
    suite.check("errors and true outputs both occur",
                None if outcomes["error"] and outcomes["true output"] else str(outcomes))
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
