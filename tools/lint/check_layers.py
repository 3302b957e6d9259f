"""Which folder may include which: driver/ and executor/ never meet but in cli/."""
import posixpath
import re

from source_tree import blank, is_c, line_of

NAME = "layers"
ALLOWED = {
    "common": {"common", "proto"},
    "connectors": {"common", "connectors"},
    "driver": {"common", "connectors", "driver", "proto"},
    "executor": {"common", "connectors", "executor", "proto"},
    "cli": {"common", "connectors", "driver", "executor", "cli", "proto"},
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def check_include(tree, path, target):
    top, target_top = path.split("/")[0], target.split("/")[0]
    if target not in tree and not target.endswith(".pb-c.h"):
        return f"{target} is not a path from the root of the repository"
    if top in ALLOWED and target_top not in ALLOWED[top]:
        return f"{top}/ must not include {target_top}/: {target}"
    if target.endswith("_int.h"):
        folder = posixpath.dirname(target)
        if not path.startswith((f"{folder}/", "tests/")):
            return f"{target} is private to {folder}/"
    return None


def check(tree):
    problems = []
    for path, text in tree.items():
        if not (is_c(path) or path.endswith(".def")) or text is None:
            continue
        code = blank(text, keep_strings=True)
        for match in INCLUDE.finditer(code):
            problem = check_include(tree, path, match.group(1))
            if problem:
                problems.append(f"{path}:{line_of(text, match.start())}: {problem}")
    return problems


CASES = [
    ({"driver/a.c": '#include "executor/b.h"\n', "executor/b.h": ""}, "must not include executor"),
    ({"executor/a.c": '#include "driver/b.h"\n', "driver/b.h": ""}, "must not include driver"),
    ({"common/a/a.c": '#include "connectors/b.h"\n', "connectors/b.h": ""}, "must not include connectors"),
    ({"connectors/a.c": '#include "driver/b.h"\n', "driver/b.h": ""}, "must not include driver"),
    ({"common/a/a.c": '#include "common/b/b_int.h"\n', "common/b/b_int.h": ""}, "is private to common/b/"),
    ({"common/a/a.c": '#include "a.h"\n', "common/a/a.h": ""}, "is not a path from the root"),
    ({"cli/a.c": '#include "driver/b.h"\n/* #include "nothing.h" */\n', "driver/b.h": ""}, None),
    ({"tests/unit/common/b/t.c": '#include "common/b/b_int.h"\n', "common/b/b_int.h": ""}, None),
    ({"common/b/c/a.c": '#include "common/b/b_int.h"\n', "common/b/b_int.h": ""}, None),
]
