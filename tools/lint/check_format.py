"""C files are formatted by clang-format 14 with .clang-format."""
import shutil
import subprocess

from source_tree import ROOT, is_c

NAME = "format"


def formatter():
    return shutil.which("clang-format-14") or shutil.which("clang-format")


def differs(text, path):
    done = subprocess.run([formatter(), f"--assume-filename={ROOT / path}"], input=text,
                          capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout != text


def check(tree):
    if not formatter():
        return ["clang-format-14 is not installed"]
    paths = [path for path in tree if is_c(path)]
    if not all((ROOT / path).is_file() for path in paths):
        return [f"{path}: ./dev fmt formats it" for path in paths if differs(tree[path], path)]
    problems = []
    for start in range(0, len(paths), 50):
        done = subprocess.run([formatter(), "--dry-run", "--ferror-limit=1", *paths[start:start + 50]],
                              cwd=ROOT, capture_output=True, text=True, check=True)
        problems += sorted({line.split(":")[0] + ": ./dev fmt formats it" for line in done.stderr.splitlines()
                            if "code should be clang-formatted" in line})
    return problems


CASES = [
    ({"driver/a_format_case.c": "int  a ;\n"}, "./dev fmt formats it"),
    ({"driver/a_format_case.c": "int a;\n"}, None),
]
