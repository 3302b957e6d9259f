"""Helpers of the integration tests: the program under test, temporary directories, job files."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR", str(ROOT / "build/debug/weir"))


class Result:
    """A finished run: status, standard output and standard error as text."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr


def run_weir(*arguments, cwd=None, timeout=60, **environment):
    """Runs weir to its end. A sanitizer's report never passes as an ordinary failure."""
    done = subprocess.run([WEIR, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          timeout=timeout, env={**os.environ, **environment}, check=False)
    for mark in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "assertion failed"):
        if mark in done.stderr:
            raise AssertionError(f"weir {arguments}: {done.stderr}")
    if done.returncode < 0:
        raise AssertionError(f"weir {arguments} was ended by signal {-done.returncode}: {done.stderr}")
    return Result(done)


class WeirCase(unittest.TestCase):
    """A test with a directory of its own (self.directory), removed at the end."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="weir-it-")
        self.addCleanup(holder.cleanup)
        self.directory = pathlib.Path(holder.name)

    def write(self, name, text):
        """Writes a file below the test's directory and returns its path."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def weir(self, *arguments, **options):
        """run_weir in the test's directory."""
        return run_weir(*arguments, cwd=self.directory, **options)

    def check_fails(self, status, text, *arguments, **options):
        """The command fails with the status and says the text on standard error, nothing elsewhere."""
        result = self.weir(*arguments, **options)
        self.assertEqual(result.status, status, f"{arguments}: {result.err}")
        self.assertIn(text, result.err)
        self.assertEqual(result.out, "")
        return result
