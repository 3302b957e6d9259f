# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Runs the cases of cases_api.py through a Spark Connect client and turns what they see into data.

A case is a function of one `Stage`; everything that it looks at goes through `stage.see(label, call)`, which keeps
the value, or the error, as JSON. What differs from run to run (ids, times, ports, directories) is replaced."""

import contextlib
import datetime
import decimal
import io
import json
import logging
import os
import re
import shutil

import cases_api

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Stage:
    """What a case gets: its own session, an empty directory, and the server's console."""

    def __init__(self, server, session, directory):
        import pyspark.sql.functions as F
        import pyspark.sql.types as T
        from pyspark.sql import Window

        self.server, self.spark, self.directory = server, session, directory
        self.F, self.T, self.W = F, T, Window
        self.seen = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, *lines):
        """A file of these lines; it appears at once."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as out:
            out.write("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
        os.rename(path + ".part", path)
        return os.path.dirname(path)

    def see(self, label, call):
        """Keeps what `call` returns or raises; returns the value, or None."""
        assert label not in self.seen, label
        value = None
        try:
            value = call()
            self.seen[label] = self.plain(value)
        except Exception as exc:  # pylint: disable=broad-except
            self.seen[label] = {"error": self.error(exc)}
        return value

    def printed(self, label, call):
        """Keeps what `call` prints."""
        out = io.StringIO()

        def run():
            with contextlib.redirect_stdout(out):
                call()
            return out.getvalue().split("\n")

        self.see(label, run)

    def console(self, label, call):
        """Keeps what the server's console sink prints meanwhile."""
        before = len(self.server.output())

        def run():
            call()
            return self.server.output()[before:].split("\n")

        self.see(label, run)

    # ---- as data ----

    def text(self, text):
        text = text.replace(self.directory, "{dir}")
        text = re.sub(UUID, "{uuid}", text)
        text = re.sub(r"(was called from\n)[^\n]*", r"\1{site}", text)
        text = re.sub(r" at 0x[0-9a-f]+", "", text)
        return re.sub(r"#\d+L?", "#N", text)

    def plain(self, value):
        from pyspark.sql import DataFrame, Row
        from pyspark.sql.types import DataType

        if isinstance(value, DataFrame):
            return {"schema": value.schema.jsonValue(), "rows": self.plain(value.collect())}
        if isinstance(value, DataType):
            return value.jsonValue()
        if isinstance(value, Row):
            return {"row": [[name, self.plain(item)] for name, item in zip(value.__fields__, value)]}
        if isinstance(value, dict):
            return {str(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, (bool, int)):
            return value
        exact = (float, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta, bytes, bytearray)
        if isinstance(value, exact):
            return repr(value)
        return self.text(str(value))

    def error(self, exc):
        kept = {"class": type(exc).__name__, "message": self.text(message_of(exc))}
        parts = {"condition": "getCondition", "sqlState": "getSqlState", "parameters": "getMessageParameters"}
        for key, name in parts.items():
            if hasattr(exc, name):
                kept[key] = self.plain(getattr(exc, name)())
        if hasattr(exc, "getQueryContext"):
            kept["contexts"] = [self.context(one) for one in exc.getQueryContext() or []]
        return kept

    def context(self, one):
        kind = one.contextType().name
        kept = {"type": kind, "fragment": one.fragment()}
        if kind == "SQL":
            kept.update(start=one.startIndex(), stop=one.stopIndex(), object=[one.objectType(), one.objectName()])
            kept["summary"] = one.summary()
        return kept


def message_of(exc):
    """Without the JVM's stack and without the plan that Spark appends."""
    text = str(exc).split("\n\nJVM stacktrace:")[0].split("\n=== Streaming Query ===")[0]
    text = re.sub(r";\n'?[A-Z+~r][^\n]*(\n[^\n]*)*$", "", text)
    return text


def run(server, root, wanted=None, cases=cases_api.CASES):
    """Yields (name, seen) of every case whose name contains one of `wanted`."""
    from pyspark.sql import SparkSession

    for logger in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
    for name, case in cases.items():
        if wanted and not any(part in name for part in wanted):
            continue
        directory = os.path.join(root, "case")
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        session = SparkSession.builder.remote(server.url).create()
        stage = Stage(server, session, directory)
        try:
            case(stage)
        except Exception as exc:  # pylint: disable=broad-except
            stage.seen["the case itself"] = {"error": stage.error(exc)}
        finally:
            session.stop()
        yield name, stage.seen
