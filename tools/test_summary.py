#!/usr/bin/env python3
"""Counts what the test runs in the given directories really did, and ends with "N passed, N failed".

Each directory holds ctest.xml (ctest's own verdicts) and, for Criterion programs, <test>.xml with the
single cases. A program that failed without a failing case (a crash, a time-out, a leak found at the end)
counts as one failure; a run in which nothing passed is a failure too.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count_cases(path):
    """(passed, failed) of a Criterion result file; (0, 0) where it is absent or cut off."""
    try:
        suites = ElementTree.parse(path).getroot().iter("testsuite")
        passed = failed = 0
        for suite in suites:
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += bad
            passed += int(suite.get("tests", 0)) - bad - int(suite.get("disabled", 0))
        return passed, failed
    except (FileNotFoundError, ElementTree.ParseError):
        return 0, 0


def count_directory(directory):
    """(passed, failed, skipped, lines about what did not pass)"""
    total = [0, 0, 0]
    notes = []
    try:
        root = ElementTree.parse(directory / "ctest.xml").getroot()
    except (FileNotFoundError, ElementTree.ParseError) as error:
        return 0, 1, 0, [f"{directory}: no test results: {error}"]
    for case in root.iter("testcase"):
        name, status = case.get("name"), case.get("status")
        passed, failed = count_cases(directory / f"{name}.xml")
        if status == "run":
            passed = passed or 1
        elif status in ("notrun", "disabled"):
            total[2] += 1
            notes.append(f"skipped: {directory.parent.name}/{name}")
            continue
        else:
            failed = failed or 1
            notes.append(f"failed: {directory.parent.name}/{name}")
        total[0] += passed
        total[1] += failed
    return *total, notes


def main():
    passed = failed = skipped = 0
    for directory in map(pathlib.Path, sys.argv[1:]):
        counts = count_directory(directory)
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
        for note in counts[3]:
            print(note)
    if passed == 0:
        failed = max(failed, 1)
        print("no test passed at all")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
