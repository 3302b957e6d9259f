#!/usr/bin/env python3
"""The command line: help, and one clear error with the right status for everything that is wrong."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from weir_process import WeirCase  # noqa: E402

GOOD_JOB = """\
name: job
sources:
  ticks: {format: rate, options: {rowsPerSecond: 1}}
queries:
  - {name: q, sql: SELECT value FROM ticks, trigger: {availableNow: true}, sink: {format: noop}}
"""


class CommandLine(WeirCase):
    def test_help_and_version_go_to_standard_output(self):
        for arguments, text in (
                (["--version"], "weir 0."), (["--help"], "usage: weir COMMAND"),
                (["run", "--help"], "--master local[N]"), (["gen", "--help"], "--rows N"),
                (["gen", "ysb", "--help"], "--skew"), (["conf", "--help"], "usage: weir conf"),
                (["driver", "--help"], "--listen tcp://HOST:PORT"), (["executor", "--help"], "--advertise HOST:PORT"),
                (["status", "--help"], "usage: weir status tcp://HOST:PORT")):
            result = self.weir(*arguments)
            self.assertEqual((result.status, result.err), (0, ""), arguments)
            self.assertIn(text, result.out)

    def test_conf_prints_the_page_of_the_documentation(self):
        page = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/configuration.md"
        self.assertEqual(self.weir("conf").out, page.read_text())

    def test_wrong_command_lines_are_refused_with_status_2(self):
        for text, *arguments in (
                ("no command given",),
                ("unknown command 'rum'; did you mean run?", "rum"),
                ("unknown command 'x'; weir --help lists them", "x"),
                ("nothing can run: --listen", "driver"),
                ("nothing can run: --listen", "driver", "--job", "job.yaml"),
                ("there is nothing to do: --job", "driver", "--master", "local[1]"),
                ("weir driver: --master must be local[*] or local[N]", "driver", "--listen", "tcp://h:1",
                 "--master", "nng://h:7077"),
                ("not 'tcp://localhost'", "driver", "--listen", "tcp://localhost"),
                ("not 'http://localhost:1'", "driver", "--listen", "http://localhost:1"),
                ("not 'tcp://h:65536'", "driver", "--listen", "tcp://h:65536"),
                ("not 'tcp://::1:7077'", "driver", "--listen", "tcp://::1:7077"),
                ("not 'tcp://user@h:1'", "driver", "--listen", "tcp://user@h:1"),
                ("weir driver: --progress must be line, json or none", "driver", "--listen", "tcp://h:1",
                 "--progress", "xml"),
                ("--connect takes HOST:PORT", "driver", "--master", "local[1]", "--connect", "127.0.0.1"),
                ("--warehouse is not supported", "driver", "--warehouse", "w"),
                ("unexpected argument 'job.yaml'", "driver", "job.yaml"),
                ("--driver tcp://HOST:PORT is missing", "executor"),
                ("not 'h:1'", "executor", "--driver", "h:1"),
                ("--cores must be an integer between 1 and 1024", "executor", "--driver", "tcp://h:1", "--cores", "0"),
                ("\"spark.executor.memory\"", "executor", "--driver", "tcp://h:1", "--memory", "lots"),
                ("not 'tcp://a'", "executor", "--driver", "tcp://h:1", "--advertise", "a"),
                ("the address is missing", "status"),
                ("--insecure is not supported", "status", "tcp://h:1", "--insecure"),
                ("weir sql is not supported", "sql", "-e", "SELECT 1"),
                ("the job spec is missing", "run"),
                ("unknown flag '--mastr'; did you mean --master?", "run", "--mastr", "local", "job.yaml"),
                ("unknown flag '--zzz'; weir run --help lists them", "run", "--zzz"),
                ("unexpected argument 'b.yaml'", "run", "a.yaml", "b.yaml"),
                ("--master needs a value (local[N])", "run", "job.yaml", "--master"),
                ("--master must be local[*] or local[N]", "run", "job.yaml", "--master", "local[0]"),
                ("--master must be local[*] or local[N]", "run", "job.yaml", "--master", "local[2,3]"),
                ("--master must be local[*] or local[N]", "run", "job.yaml", "--master", "yarn"),
                ("not 'nng://h'", "run", "job.yaml", "--master", "nng://h"),
                ("--master spark://h:7077 is not supported", "run", "job.yaml", "--master", "spark://h:7077"),
                ("a local master opens no port", "run", "job.yaml", "--secret-file", "f"),
                ("--warehouse is not supported", "run", "job.yaml", "--warehouse", "w"),
                ("--progress must be line, json or none", "run", "job.yaml", "--progress=xml"),
                ("--conf must be KEY=VALUE, not 'spark.x'", "run", "job.yaml", "--conf", "spark.x"),
                ("--conf must be KEY=VALUE, not '=x'", "run", "job.yaml", "--conf", "=x"),
                ("--help takes no value", "run", "--help=1"),
                ("the first argument must be events, nexmark or ysb", "gen", "--rows", "1", "data"),
                ("unexpected argument 'data'", "gen", "evnets", "data"),
                ("the directory is missing", "gen", "events", "--rows", "1"),
                ("--rows is missing", "gen", "events", "data"),
                ("--rows must be an integer between 1 and", "gen", "events", "--rows", "0", "data"),
                ("--rows must be an integer between 1 and", "gen", "events", "--rows", "1e6", "data"),
                ("--format parquet is not supported", "gen", "events", "--rows", "1", "--format", "parquet",
                 "data"),
                ("unknown flag '--skew'", "gen", "events", "--rows", "1", "--skew", "data"),
                ("--out-of-order must not be a multiple of 953", "gen", "nexmark", "--rows", "1",
                 "--out-of-order", "953", "data"),
                ("unexpected argument 'x'", "conf", "x")):
            self.check_fails(2, text, *arguments)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_output_that_cannot_be_written_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        result = self.weir("gen", "events", "--rows", "1", "/dev/full/x")
        self.assertEqual(result.status, 1)
        self.assertIn("cannot make the directory", result.err)


class JobSpec(WeirCase):
    def test_files_that_cannot_be_read(self):
        self.check_fails(1, "[NOT_FOUND]", "run", "missing.yaml")
        self.check_fails(1, "missing.yaml", "run", "missing.yaml")
        (self.directory / "folder.yaml").mkdir()
        self.check_fails(1, "folder.yaml", "run", "folder.yaml")

    def test_all_problems_are_named_with_file_line_and_key(self):
        self.write("job.yaml", "conf: {spark.sql.shuffle.partitions: many}\n"
                               "sources:\n"
                               "  s:\n"
                               "    fromat: json\n"
                               "    schema: time TIMESTAMPP\n"
                               "queries:\n"
                               "  - name: q\n"
                               "    sql: 5\n"
                               "    trigger: {processingTime: soon}\n")
        result = self.check_fails(1, "[INVALID_JOB_SPEC] 7 problems in the job spec:", "run", "job.yaml")
        for line in ("job.yaml:1: the key 'name' is missing",
                     "job.yaml:1: conf.spark.sql.shuffle.partitions: [INVALID_CONF_VALUE.TYPE_MISMATCH] The",
                     "job.yaml:4: sources.s.fromat: unknown key; did you mean 'format'?",
                     "job.yaml:5: sources.s.schema: [",
                     "job.yaml:7: queries[0]: the key 'sink' is missing",
                     "job.yaml:8: queries[0].sql: must be a text, not a number",
                     "job.yaml:9: queries[0].trigger.processingTime: must be an interval"):
            self.assertIn(line, result.err)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["job.yaml"])

    def test_broken_documents(self):
        for text, problem in (("", "job.yaml:1: the document is empty"), ("a: [1\n", "job.yaml:2: "),
                              ("\0", "job.yaml:1: "), ("a: 1\n---\nb: 2\n", "a second one starts here")):
            self.write("job.yaml", text)
            self.check_fails(1, problem, "run", "job.yaml")

    def test_a_bad_conf_flag_is_an_error_before_anything_starts(self):
        self.write("job.yaml", GOOD_JOB)
        self.check_fails(1, "INVALID_CONF_VALUE.REQUIREMENT", "run", "job.yaml", "--conf",
                         "spark.sql.shuffle.partitions=0")
        self.check_fails(1, "INVALID_CONF_VALUE.TIME_ZONE", "run", "job.yaml", "--conf",
                         "spark.sql.session.timeZone=Mars/Base")


class Generator(WeirCase):
    def test_files_counts_and_the_same_bytes_again(self):
        result = self.weir("gen", "events", "--rows", "1001", "--files", "3", "--seed", "5", "a")
        self.assertEqual((result.status, result.out), (0, ""))
        self.assertIn("1001 rows", result.err)
        self.assertEqual(self.weir("gen", "events", "--rows=1001", "--files=3", "--seed=5", "--threads=1",
                                   "b").status, 0)
        names = sorted(path.name for path in (self.directory / "a").iterdir())
        self.assertEqual(names, ["file-0.json", "file-1.json", "file-2.json"])
        for name in names:
            self.assertEqual((self.directory / "a" / name).read_bytes(),
                             (self.directory / "b" / name).read_bytes())
        lines = sum((self.directory / "a" / name).read_bytes().count(b"\n") for name in names)
        self.assertEqual(lines, 1001)
        self.check_fails(1, "the directory a is not empty", "gen", "events", "--rows", "1", "a")


if __name__ == "__main__":
    unittest.main()
