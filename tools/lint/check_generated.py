"""Pages that the program writes are fresh: docs/configuration.md is what `weir conf` prints."""
import os
import subprocess
import sys

from source_tree import ROOT

NAME = "generated pages"
PAGES = {"docs/configuration.md": ["conf"]}


def printed(arguments):
    program = os.environ.get("WEIR", str(ROOT / "build/release/weir"))
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def check(tree, run=printed):
    problems = []
    for path, arguments in PAGES.items():
        try:
            fresh = tree.get(path) == run(arguments)
        except (OSError, subprocess.CalledProcessError) as error:
            problems.append(f"{path}: cannot ask the program: {error}")
            continue
        if not fresh:
            problems.append(f"{path}: differs from `weir {' '.join(arguments)}`; ./dev fmt writes it anew")
    return problems


CASES = []


def self_test():
    """Stale and missing pages are found."""
    assert check({"docs/configuration.md": "old\n"}, run=lambda _: "new\n")
    assert check({}, run=lambda _: "new\n")
    assert not check({"docs/configuration.md": "new\n"}, run=lambda _: "new\n")


if __name__ == "__main__":
    for page, page_arguments in PAGES.items():
        (ROOT / page).write_text(printed(page_arguments))
        print(f"{page} written", file=sys.stderr)
