"""Calls that the engine does not make: unbounded copies, unchecked numbers, memory, time and randomness
outside of their one place."""
import re

from source_tree import blank, is_c, line_of

NAME = "banned calls"
ROOMS = ("common/", "driver/", "executor/", "connectors/", "cli/")
HEAP = {"malloc", "calloc", "realloc", "free", "strdup", "strndup", "aligned_alloc", "posix_memalign",
        "asprintf", "vasprintf"}
# Where a call is at home.
HOMES = {call: {"common/base/alloc.c", "common/base/arena.c", "common/base/buffer.c"} for call in HEAP}
HOMES.update({
    "getenv": {"common/base/failpoint.c"},
    "clock_gettime": {"common/base/env.c", "common/base/log.c", "common/base/thread.c",
                      "cli/gen/gen_files.c"},
    "getrandom": {"common/base/env.c", "common/fs/local_fs.c"},
    "localtime_r": {"common/base/log.c"},
})
NOWHERE = {"strcpy", "strcat", "sprintf", "vsprintf", "gets", "atoi", "atol", "atoll", "atof", "strtol",
           "strtoul", "strtoll", "strtoull", "strtod", "strtok", "exit", "abort", "rand", "srand",
           "random", "time", "gettimeofday", "localtime", "gmtime", "mktime", "setlocale", "alloca",
           "system", "popen", "tmpnam", "mktemp"}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(NOWHERE | set(HOMES))) + r")\s*\(")
# The abort with a message behind WEIR_ASSERT and the heap wrappers.
ABORT_HOMES = {"common/base/alloc.c", "common/base/error.c", "common/base/assert.c"}


def allowed(path, call):
    if path in HOMES.get(call, ()):
        return True
    if call == "getenv" and path.startswith("cli/"):
        return True
    return call == "abort" and path in ABORT_HOMES


def check(tree):
    problems = []
    for path, text in tree.items():
        if not is_c(path) or not path.startswith(ROOMS):
            continue
        code = blank(text)
        for match in CALL.finditer(code):
            if not allowed(path, match.group(1)):
                problems.append(f"{path}:{line_of(text, match.start())}: {match.group(1)}() is banned here")
    return problems


CASES = [
    ({"driver/a.c": "void f(void) { strcpy(a, b); }\n"}, "strcpy() is banned"),
    ({"executor/a.c": "int *p = malloc (4);\n"}, "malloc() is banned"),
    ({"common/types/a.c": "int64_t n = strtoll(text, NULL, 10);\n"}, "strtoll() is banned"),
    ({"driver/a.c": "x = getenv(\"HOME\");\n"}, "getenv() is banned"),
    ({"driver/a.c": "x = time(NULL);\n"}, "time() is banned"),
    ({"driver/a.c": "a->free(b); c.free(d); weir_free(e); _exit(1); /* free(f) */ \"malloc(1)\";\n"},
     None),
    ({"cli/a.c": "x = getenv(\"HOME\");\n", "common/base/alloc.c": "free(x);\n",
      "tests/a.c": "free(x);\n"}, None),
]
