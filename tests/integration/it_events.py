#!/usr/bin/env python3
"""The example of the actions by hour: its last table has the counts that the streaming notebook shows, on the
data made here, on the shared copy of it where that is there, and on what `weir gen events` writes."""

import collections
import datetime
import json
import os
import pathlib
import sys

import weirlib

SHARED = pathlib.Path(os.environ.get("WEIR_SHARED_DATA", str(weirlib.ROOT.parent / "shared/data"))) / "events"
CHICAGO = datetime.timezone(datetime.timedelta(hours=-5))  # in July
FILES = 50


def window_text(hour):
    start = datetime.datetime.fromtimestamp(hour * 3600, CHICAGO)
    return f"{{{start:%Y-%m-%d %H:%M:%S}, {start + datetime.timedelta(hours=1):%Y-%m-%d %H:%M:%S}}}"


def count_files(directory):
    """{(action, window): count} of the files, counted here."""
    counts = collections.Counter()
    for path in pathlib.Path(directory).glob("*.json"):
        for line in path.read_text().splitlines():
            event = json.loads(line)
            counts[event["action"], window_text(event["time"] // 3600)] += 1
    return dict(counts)


def last_counts(table):
    return {(action, window): int(count) for action, window, count in table.cells}


def check_known(suite, name, counts):
    first = weirlib.ACTIONS_FIRST_HOUR // 3600
    for index in range(5):
        pair = tuple(counts.get((action, window_text(first + index))) for action in ("Close", "Open"))
        expected = tuple(weirlib.ACTIONS_KNOWN[action][index] for action in ("Close", "Open"))
        suite.expect_equal(f"{name}: window {window_text(first + index)}", pair, expected)
    for action in ("Close", "Open"):
        total = sum(count for (key, _), count in counts.items() if key == action)
        suite.expect_equal(f"{name}: all {action}", total, weirlib.ACTIONS_EACH)


def run_example(suite, name, directory, files):
    """Runs examples/actions.yaml where data/events is; the last table as counts."""
    run = weirlib.run_job(weirlib.ROOT / "examples/actions.yaml", directory, master="local[*]", seconds_max=120)
    if not suite.check(f"{name}: runs", run.problem()):
        return {}
    tables = weirlib.split_console(run.out)
    suite.expect_equal(f"{name}: a batch a file", [t.batch for t in tables], list(range(files)))
    counts = last_counts(tables[-1])
    suite.expect_equal(f"{name}: counts", counts, count_files(directory / "data/events"))
    suite.check(f"{name}: checkpoint", weirlib.verify_checkpoint(directory / "checkpoints/counts"))
    again = weirlib.run_job(weirlib.ROOT / "examples/actions.yaml", directory)
    suite.check(f"{name}: a second run", again.problem())
    suite.expect_equal(f"{name}: a second run has nothing to do", again.out, "")
    return counts


def main():
    suite = weirlib.Suite()
    made = suite.make_directory("made")
    (made / "data").mkdir()
    weirlib.write_actions(made / "data/events", FILES)
    check_known(suite, "made here", run_example(suite, "made here", made, FILES))
    if SHARED.is_dir():
        shared = suite.make_directory("shared")
        (shared / "data").mkdir()
        (shared / "data/events").symlink_to(SHARED)
        files = len(list(SHARED.glob("*.json")))
        check_known(suite, "shared copy", run_example(suite, "shared copy", shared, files))
    else:
        print(f"there is no {SHARED}: the part on it is left out")
    generated = suite.make_directory("generated")
    (generated / "data").mkdir()
    run = weirlib.run_weir(["gen", "events", "--rows", "100000", "--seed", "1", "--files", "20", "--format", "json",
                            "data/events"], generated)
    if suite.check("weir gen events", run.problem()):
        run_example(suite, "weir gen events", generated, 20)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
