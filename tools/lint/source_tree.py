"""What the checks look at: the files of the repository as a dict from path to text, and C code without
comments and strings. A check is a module with NAME, check(tree) -> [problem] and CASES for its self-test."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class File(str):
    """A file's text; `executable` is its mode."""

    executable = False

    @classmethod
    def make(cls, text, executable=False):
        file = cls(text)
        file.executable = executable
        return file


def read_tree():
    """Tracked files, and new ones that are not ignored. Files that are not UTF-8 have the text None."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode()
    tree = {}
    for name in sorted(set(filter(None, listed.split("\0")))):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            tree[name] = File.make(path.read_text("utf-8"), bool(path.stat().st_mode & 0o111))
        except UnicodeDecodeError:
            tree[name] = None
    return tree


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(text, keep_strings=False):
    """C text with comments (and strings) replaced by blanks; line numbers stay."""
    def replace(match):
        token = match.group()
        if keep_strings and token[0] in "\"'":
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(replace, text)


def is_c(path):
    return path.endswith((".c", ".h"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
