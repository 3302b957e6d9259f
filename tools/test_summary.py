#!/usr/bin/env python3
"""Counts what the test runs in the given directories really did, and ends with "N passed, N failed".

Each directory holds ctest.xml (ctest's own verdicts and the tests' output) and, for Criterion programs and
scripts that write one, <test>.xml with the single cases (JUnit's form); Python's unittest says
in its output how many cases ran. A program that
failed without a failing case (a crash, a time-out, a leak found at the end) or that could not be started
counts as one failure; only the status 77 is a skip. A run in which nothing passed is a failure too.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_BAD = re.compile(r"\b(failures|errors|skipped)=(\d+)")


def count_unittest(output):
    """(passed, failed) as Python's unittest prints it; (0, 0) where it did not run."""
    ran = UNITTEST_RAN.search(output)
    if not ran:
        return 0, 0
    counts = {key: int(value) for key, value in UNITTEST_BAD.findall(output[ran.end() :])}
    failed = counts.get("failures", 0) + counts.get("errors", 0)
    return max(int(ran.group(1)) - failed - counts.get("skipped", 0), 0), failed


def case_state(case):
    """By its children, and by Criterion's status: "passed", "failed" or "skipped"."""
    if case.find("skipped") is not None or case.get("status") == "SKIPPED":
        return "skipped"
    bad = case.find("failure") is not None or case.find("error") is not None
    return "failed" if bad or case.get("status", "PASSED") != "PASSED" else "passed"


def count_result_file(path):
    """(passed, failed) of a test's own result file; (0, 0) where it is absent or cut off."""
    try:
        passed = failed = 0
        for suite in ElementTree.parse(path).getroot().iter("testsuite"):
            # Passed cases need not be listed; failures="N" may count assertions instead of cases.
            states = [case_state(case) for case in suite.iter("testcase")]
            failed += states.count("failed")
            passed += int(suite.get("tests", len(states))) - len(states) + states.count("passed")
        return passed, failed
    except (FileNotFoundError, ElementTree.ParseError):
        return 0, 0


def is_skip(case):
    """The test itself said so, as opposed to a program that is not there."""
    skipped = case.find("skipped")
    return skipped is not None and "SKIP_RETURN_CODE" in skipped.get("message", "")


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
        passed, failed = count_result_file(directory / f"{name}.xml")
        if not passed and not failed:
            passed, failed = count_unittest(case.findtext("system-out") or "")
        if status == "run":
            passed = passed or 1
        elif is_skip(case):
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
