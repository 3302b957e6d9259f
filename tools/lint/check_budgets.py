"""Budgets: line 110 (Python 120; lists of golden cases are data and free), function 70, file 1,000 lines.

Longer functions stand in long_functions.txt with the length that each may have; an entry whose function
has become shorter, or is gone, must be lowered or removed, so the list only shrinks."""
import re

from source_tree import ROOT, blank, is_c, line_of

NAME = "budgets"
LINE_MAX = 110
PYTHON_LINE_MAX = 120
CASE_LISTS = "tools/golden/cases_"
FUNCTION_MAX = 70
FILE_MAX = 1000
LISTED = ROOT / "tools/lint/long_functions.txt"
NOT_A_FUNCTION = re.compile(r"^\s*(typedef|struct|union|enum|extern)\b[^()]*$")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
FUNCTION_NAME = re.compile(r"(\w+)\s*\(")


def functions(text):
    """(name, first line, lines) of the functions that a C file defines."""
    code = PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), blank(text))
    depth, start, header_end = 0, 0, 0
    for match in re.finditer(r"[{};]", code):
        token, at = match.group(), match.start()
        if token == "{":
            if depth == 0:
                header_end = at
            depth += 1
        elif token == "}" and depth:
            depth -= 1
            if depth == 0:
                header = code[start:header_end]
                name = FUNCTION_NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)", "", header))
                if name and "=" not in header and not NOT_A_FUNCTION.match(header):
                    first = line_of(code, start + len(header) - len(header.lstrip()))
                    yield name.group(1), first, line_of(code, at) - first + 1
                start = at + 1
        elif token == ";" and depth == 0:
            start = at + 1


def read_listed():
    entries = {}
    for line in LISTED.read_text().splitlines():
        if line and not line.startswith("#"):
            key, lines = line.split()
            entries[key] = int(lines)
    return entries


def check_functions(tree, listed):
    problems, left = [], dict(listed)
    for path, text in tree.items():
        if not path.endswith(".c") or path.startswith("tests/"):
            continue  # a test's table may be as long as it has cases
        for name, first, lines in functions(text):
            limit = left.pop(f"{path}:{name}", FUNCTION_MAX)
            if lines > limit:
                problems.append(f"{path}:{first}: {name} has {lines} lines; at most {limit}")
            elif FUNCTION_MAX < limit and lines < limit:
                problems.append(f"long_functions.txt: {path}:{name} has {lines} lines now, not {limit}")
    problems += [f"long_functions.txt: {key} is no function any more" for key in left]
    return problems


def check(tree, listed=None):
    problems = []
    for path, text in tree.items():
        if not (is_c(path) or path.endswith((".py", ".sh")) or path in ("dev", ".ci/run")):
            continue
        lines = text.split("\n")
        limit = PYTHON_LINE_MAX if path.endswith(".py") else LINE_MAX
        for number, line in enumerate(lines, 1):
            if len(line) > limit and not path.startswith(CASE_LISTS):
                problems.append(f"{path}:{number}: the line has {len(line)} characters; at most {limit}")
        if is_c(path) and len(lines) > FILE_MAX + 1:
            problems.append(f"{path}: the file has {len(lines) - 1} lines; at most {FILE_MAX}")
    return problems + check_functions(tree, read_listed() if listed is None else listed)


LONG = "static int f(int a,\n             int b) {\n" + "    a++;\n" * 80 + "}\n"
CASES = [
    ({"driver/a.c": "int a; /* " + "x" * 120 + " */\n"}, "characters; at most 110"),
    ({"driver/a.c": "int a;\n" * 1001}, "1001 lines; at most 1000"),
    ({"driver/a.c": LONG}, "f has 83 lines"),
    ({"driver/a.c": 'struct x {\n' + "    int a;\n" * 90 + "};\nstatic const int b[] = {\n" +
      "    1,\n" * 90 + "};\nint g(void) {\n    return '}' + \"{\"[0]; /* { */\n}\n"}, None),
]


def self_test():
    """The list: allows, and only shrinks."""
    tree = {"driver/a.c": LONG}
    assert check(tree, {"driver/a.c:f": 83}) == []
    assert any("not 90" in p for p in check(tree, {"driver/a.c:f": 90}))
    assert any("at most 80" in p for p in check(tree, {"driver/a.c:f": 80}))
    assert any("no function any more" in p for p in check(tree, {"driver/a.c:f": 83, "driver/a.c:g": 99}))
