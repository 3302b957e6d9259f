#!/usr/bin/env python3
"""Disturbs clusters of real processes and judges what they did; the head of each module of
cells says what of the fault matrix it is.

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
import message_cells
import net_cells
import pair_cells
import phase_cells
import power_cells
import random_rounds
from chaoslib import weirlib

ROUNDS = 100
MODULES = (phase_cells, power_cells, pair_cells, message_cells, net_cells)


def run_case(stage, case):
    name, cell, phase, fault, function, arguments = case
    started = time.monotonic()
    problem = function(stage, name, cell, phase, fault, *arguments)
    if stage.suite.check(f"cell {cell}: {name}", problem):
        for suffix in ("", ".cluster"):
            shutil.rmtree(stage.suite.directory / re.sub(r"[^\w.=@-]+", "_", name + suffix)[:120], ignore_errors=True)
    if os.environ.get("WEIR_CHAOS_TIMES"):
        print(f"  {time.monotonic() - started:5.1f} s {name}", flush=True)


def expected_of(case):
    """(cell, phase, fault) that a case must hit: its own, or those that its function lists."""
    _, cell, phase, fault, function, _ = case
    if function in (message_cells.mangle, message_cells.reset_everywhere):
        return [(cell, kind, fault) for kind in message_cells.REQUESTS + message_cells.REPLIES]
    if function is net_cells.disturb_network:
        return net_cells.expected_cells()
    if function is power_cells.lose_power:
        return [(cell, phase, fault), (cell, "names and files", "taken back")]
    return [(cell, phase, fault)]


def run_cells(suite, wanted):
    """Every case whose name matches; the table of what fired."""
    cases = [case for module in MODULES for case in module.cases()
             if re.search(wanted, f"cell {case[1]}: {case[0]}")]
    stage = chaoslib.Stage(suite)
    suite.run_parallel(lambda case: run_case(stage, case), cases)
    cells = collections.defaultdict(list)
    for case in cases:
        for cell, phase, fault in expected_of(case):
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
    rounds = ROUNDS if everything else arguments.rounds or 0
    if rounds:
        print(f"{rounds} rounds from seed {arguments.seed}", flush=True)
        random_rounds.Rounds(suite, rounds, arguments.seed).run()
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
