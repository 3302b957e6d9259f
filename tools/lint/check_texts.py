"""Words and heads: no unfinished business, no paths of one machine, every source file says what it is, every
page has its headings and links in order."""
import posixpath
import re

from source_tree import is_c, line_of

NAME = "words, heads and pages"
SELF = "tools/lint/check_texts.py"
UNFINISHED = re.compile(r"\b(TODO|FIXME)\b|(?:/\*|//|#)\s*XXX\b")
MACHINE = re.compile(r"(?<![\w.])/(work|home|root)/\w|\bfile:/(//)?(work|home|root)/")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)#\s]+)(#[^)]*)?\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#+) \S", re.MULTILINE)
README_HEADINGS = ("## Quick start", "## A job", "## Figures", "## Where to look")


def check_head(path, text):
    if is_c(path) or path.endswith(".def"):
        return text.startswith("/*")
    if path.endswith(".py"):
        return bool(re.match(r'(#[^\n]*\n)*(""")', text))
    if path.endswith(".proto"):
        return text.startswith(("//", "/*"))
    if text.startswith("#!"):
        return bool(re.match(r"#![^\n]*\n#", text))
    return True


def check_page(tree, path, text):
    if not text.startswith("# "):
        yield f"{path}:1: a page begins with its title (# ...)"
    prose = CODE_BLOCK.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    level = 0
    for match in HEADING.finditer(prose):
        depth = len(match.group(1))
        if depth > level + 1:
            yield f"{path}:{line_of(text, match.start())}: the heading skips a level"
        level = depth
    for match in LINK.finditer(prose):
        target = match.group(1)
        if "://" in target or target.startswith("mailto:"):
            continue
        full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if full not in tree and not any(name.startswith(full + "/") for name in tree):
            yield f"{path}:{line_of(text, match.start())}: the link leads nowhere: {target}"
    if path == "README.md":
        for heading in README_HEADINGS:
            if f"\n{heading}\n" not in text:
                yield f"{path}: the heading '{heading}' is missing"


def check(tree):
    problems = []
    for path, text in tree.items():
        if text is None or path == SELF or path == "LICENSE":
            continue
        for pattern, what in ((UNFINISHED, "unfinished business"), (MACHINE, "a path of one machine")):
            for match in pattern.finditer(text):
                problems.append(f"{path}:{line_of(text, match.start())}: {what}: {match.group()}")
        if not check_head(path, text):
            problems.append(f"{path}:1: the head comment is missing")
        if path.endswith(".h") and "\n#pragma once\n" not in text:
            problems.append(f"{path}: #pragma once is missing")
        if path.endswith(".md"):
            problems += check_page(tree, path, text)
        if text and not text.endswith("\n") and not path.startswith("tests/"):
            problems.append(f"{path}: the last line has no end")
    return problems


CASES = [
    ({"driver/a.c": "/* a */ int b; /* TODO: c */\n"}, "unfinished business"),
    ({"docs/a.md": "# A\n\nSee /root/x.\n"}, "a path of one machine"),
    ({"driver/a.c": "int a;\n"}, "head comment"),
    ({"driver/a.h": "/* a */\nint b;\n"}, "#pragma once"),
    ({"tools/a.py": "import os\n"}, "head comment"),
    ({"tools/a.sh": "#!/bin/sh\nls\n"}, "head comment"),
    ({"docs/a.md": "A\n"}, "begins with its title"),
    ({"docs/a.md": "# A\n\n### B\n"}, "skips a level"),
    ({"docs/a.md": "# A\n\n[b](b.md)\n"}, "leads nowhere"),
    ({"README.md": "# A\n"}, "is missing"),
    ({"docs/a.md": "# A\n\n[b](b.md) [d](../driver)\n```\n### x\n```\n", "docs/b.md": "# B\n",
      "driver/c.c": "/* c */\n"}, None),
]
