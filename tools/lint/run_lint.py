#!/usr/bin/env python3
"""Runs every check of this folder, each after a self-test that shows that it finds what it looks for.
Ends with "N passed, N failed"; one self-test case or one check is one count."""
import importlib
import pathlib
import sys

import source_tree

HERE = pathlib.Path(__file__).resolve().parent


def run_case(module, texts, expected):
    tree = {path: source_tree.File.make(text) for path, text in texts.items()}
    problems = module.check(tree, {}) if module.NAME == "budgets" else module.check(tree)
    if expected is None:
        return None if not problems else f"finds fault where there is none: {problems[0]}"
    return None if any(expected in problem for problem in problems) else f"misses: {expected}"


def self_test(module):
    """(passed, problems)"""
    results = [run_case(module, tree, expected) for tree, expected in module.CASES]
    if hasattr(module, "self_test"):
        try:
            module.self_test()
            results.append(None)
        except AssertionError as error:
            results.append(f"self_test fails: {error}")
    problems = [f"self-test of '{module.NAME}': {result}" for result in results if result]
    if not results:
        problems.append(f"self-test of '{module.NAME}': there is none")
    return len(results) - len(problems), problems


def main():
    passed = failed = 0
    tree = source_tree.read_tree()
    wanted = sys.argv[1:]
    for path in sorted(HERE.glob("check_*.py")):
        if wanted and path.stem not in wanted and path.stem.removeprefix("check_") not in wanted:
            continue
        module = importlib.import_module(path.stem)
        good, problems = self_test(module)
        found = module.check(tree)
        for problem in problems + found:
            print(problem)
        print(f"lint: {module.NAME}: {len(found)} problem{'' if len(found) == 1 else 's'}", file=sys.stderr)
        passed += good + (not found)
        failed += len(problems) + bool(found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
