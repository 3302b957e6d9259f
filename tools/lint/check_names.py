"""File names and places: unique and in snake_case, at home somewhere, executable where they are programs."""
import re

NAME = "file names and places"
TOP = {".clang-format", ".dockerignore", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CMakeLists.txt",
       "CMakePresets.json", "DEVELOPERS.md", "LICENSE", "README.md", "dev", "docker-compose.yml",
       "packages.txt"}
FOLDERS = {".ci", "bench", "cli", "common", "connectors", "deploy", "docs", "driver", "examples", "executor",
           "proto", "tests", "tools"}
KINDS = {
    "common": {"c", "h", "def", "md"}, "driver": {"c", "h", "def", "md"}, "executor": {"c", "h", "def", "md"},
    "connectors": {"c", "h", "def", "md"}, "cli": {"c", "h", "md"}, "proto": {"proto", "md"},
    "docs": {"md"}, "examples": {"md", "yaml", "sql", "py"},
}
SNAKE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*\.[a-z0-9.\-]+$")


def check_place(path):
    parts = path.split("/")
    if len(parts) == 1:
        return None if path in TOP else "stray file at the root"
    if parts[0] not in FOLDERS:
        return f"stray folder {parts[0]}/"
    kinds = KINDS.get(parts[0])
    if kinds and path.rsplit(".", 1)[-1] not in kinds:
        return f"a file of this kind does not belong into {parts[0]}/"
    return None


def check(tree):
    problems, seen = [], {}
    for path, text in tree.items():
        base = path.rsplit("/", 1)[-1]
        problem = check_place(path)
        if problem:
            problems.append(f"{path}: {problem}")
        if path.endswith((".c", ".h", ".def", ".py", ".sh", ".proto")):
            if not SNAKE.match(base):
                problems.append(f"{path}: the name is not snake_case")
            if base in seen:
                problems.append(f"{path}: the name is taken by {seen[base]}")
            seen.setdefault(base, path)
        if text is not None and getattr(text, "executable", False) != text.startswith("#!"):
            problems.append(f"{path}: " + ("has #! but is not executable" if text.startswith("#!")
                                           else "is executable but no program"))
    return problems


CASES = [
    ({"notes.txt": ""}, "stray file"),
    ({"misc/a.c": ""}, "stray folder"),
    ({"driver/a.bin": ""}, "does not belong into driver/"),
    ({"driver/BigName.c": ""}, "not snake_case"),
    ({"driver/a.c": "", "executor/a.c": ""}, "taken by driver/a.c"),
    ({"tools/a.sh": "#!/bin/sh\n"}, "not executable"),
    ({"driver/state/a.c": "", "driver/a.h": "", "README.md": "", "tests/golden/x.jsonl": ""}, None),
]
