#!/usr/bin/env python3
"""Disturbs clusters of real processes and judges what they did; the fault matrix is docs of each cell's module.

    run_chaos.py [--cells REGEX] [--rounds N] [--seed S]

Without arguments: every cell, then 100 random rounds. With --rounds only the rounds, with --cells only the cells whose
name matches. A round prints its seed; `--rounds 1 --seed THAT` repeats it. Prints which fault fired in which phase; one
that never did is a failure. Where network namespaces cannot be made their cells are skipped, with a message.
"""

import argparse
import collections
import os
import random
import re
import shutil
import sys
import time

import chaoslib
import phase_cells
from chaoslib import weirlib

ROUNDS = 100


def run_case(stage, case):
    name, cell, phase, fault, function, arguments = case
    started = time.monotonic()
    problem = function(stage, name, cell, phase, fault, *arguments)
    if stage.suite.check(f"cell {cell}: {name}", problem):
        for suffix in ("", ".cluster"):
            shutil.rmtree(stage.suite.directory / re.sub(r"[^\w.=@-]+", "_", name + suffix)[:120], ignore_errors=True)
    if os.environ.get("WEIR_CHAOS_TIMES"):
        print(f"  {time.monotonic() - started:5.1f} s {name}", flush=True)


def run_cells(suite, wanted):
    """Every case whose name matches; the table of what fired."""
    cases = [case for module in (phase_cells,) for case in module.cases()
             if re.search(wanted, f"cell {case[1]}: {case[0]}")]
    stage = chaoslib.Stage(suite)
    suite.run_parallel(lambda case: run_case(stage, case), cases)
    cells = collections.defaultdict(list)
    for _, cell, phase, fault, _, _ in cases:
        if (phase, fault) not in cells[cell]:
            cells[cell].append((phase, fault))
    chaoslib.print_table(suite, cells, stage.fired)


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos")
    parser.add_argument("--cells", metavar="REGEX")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments = parser.parse_args()
    suite = weirlib.Suite()
    if not weirlib.has_failpoints():
        weirlib.skip(f"{weirlib.WEIR} is built without failpoints")
    everything = arguments.cells is None and arguments.rounds is None
    if everything or arguments.cells is not None:
        run_cells(suite, arguments.cells or "")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
