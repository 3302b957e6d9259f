# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A local Spark for the recorder: start it, run one case on it, turn its errors into data."""

import atexit
import logging
import os
import re
import shutil
import tempfile

BASE_CONF = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1"}


class Spark:
    """One JVM (local[1]); its standard output goes to a file, which `stdout_since` reads."""

    def __init__(self):
        from pyspark.sql import SparkSession

        self.tmp = tempfile.mkdtemp(prefix="weir-golden-")
        atexit.register(shutil.rmtree, self.tmp, ignore_errors=True)
        self.stdout_path = os.path.join(self.tmp, "jvm.stdout")
        builder = SparkSession.builder.master("local[1]").appName("golden")
        options = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Dfile.encoding=UTF-8 -Xss4m",
            "spark.driver.memory": "2g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": self.tmp,
            "spark.sql.warehouse.dir": os.path.join(self.tmp, "warehouse"),
            "spark.sql.streaming.metricsEnabled": "false",
        }
        for key, value in {**options, **BASE_CONF}.items():
            builder = builder.config(key, value)
        # The JVM inherits descriptor 1: the console sink writes there.
        saved = os.dup(1)
        fd = os.open(self.stdout_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(fd, 1)
        try:
            self.session = builder.getOrCreate()
        finally:
            os.dup2(saved, 1)
            os.close(saved)
            os.close(fd)
        self.session.sparkContext.setLogLevel("OFF")
        for name in ("SQLQueryContextLogger", "py4j"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self.jvm = self.session._jvm
        self.js = self.session._jsparkSession
        self.gateway = self.session.sparkContext._gateway
        self.conf_now = {}
        self.version = self.session.version

    def stop(self):
        self.session.stop()

    def set_conf(self, conf):
        """Make the session's configuration the base plus `conf`, undoing the last case's."""
        conf = conf or {}
        if conf == self.conf_now:
            return
        for key in list(self.conf_now):
            if key in conf:
                continue
            if key in BASE_CONF:
                self.session.conf.set(key, BASE_CONF[key])
            else:
                self.session.conf.unset(key)
            del self.conf_now[key]
        for key, value in conf.items():
            self.session.conf.set(key, value)
            self.conf_now[key] = value

    def strings(self, items):
        array = self.gateway.new_array(self.jvm.java.lang.String, len(items))
        for index, item in enumerate(items):
            array[index] = item
        return array

    def rows(self, schema, lines):
        """The input relation of a case: JSON lines read with a schema (Java Dataset)."""
        if schema is None:
            return self.js.range(1)
        data = self.js.createDataset(list(lines), self.jvm.org.apache.spark.sql.Encoders.STRING())
        return self.js.read().schema(schema).json(data)

    def cells(self, dataset, limit=100000):
        """All rows of a Java Dataset as show(truncate=False) prints its cells; None for NULL."""
        names = list(dataset.columns())
        plain = dataset.toDF(self.jvm.PythonUtils.toSeq(["c%d" % i for i in range(len(names))]))
        select = []
        for index in range(len(names)):
            select += ["c%d" % index, "c%d IS NULL" % index]
        got = plain.selectExpr(self.strings(select)).getRows(limit, 0)
        out = []
        for r in range(1, got.size()):
            row = got.apply(r)
            out.append([None if row.apply(2 * i + 1) == "true" else row.apply(2 * i) for i in range(len(names))])
        return out

    def error(self, exc, hide=None):
        """The Java exception behind a Python one, as condition, SQLSTATE, message and causes."""
        origin = getattr(exc, "_origin", None)
        if origin is None:
            origin = getattr(exc, "java_exception", None)
        if origin is None:
            raise exc
        chain = []
        while origin is not None and len(chain) < 8:
            name = origin.getClass().getName()
            message = origin.getMessage()
            entry = {"class": name, "message": clean(message, hide)}
            try:
                condition = origin.getCondition()
                if condition:
                    entry["condition"] = condition
                    state = origin.getSqlState()
                    if state:
                        entry["sqlstate"] = state
            except Exception:  # no SparkThrowable
                pass
            chain.append(entry)
            origin = origin.getCause()
        first = next((i for i, e in enumerate(chain) if "condition" in e), None)
        if first is None:
            last = chain[-1]  # not one of Spark's conditions: what was thrown first
            return {
                **last,
                "condition": None,
                "message": re.sub(r"^Job aborted due to stage failure: .*?: ", "", last["message"] or "", flags=re.S),
            }
        result = {k: v for k, v in chain[first].items() if k != "class"}
        causes = [{k: v for k, v in e.items() if k != "class"} for e in chain[first + 1 :] if "condition" in e]
        if causes:
            result["causes"] = causes
        return result


def clean(message, hide=None):
    """Take what differs from run to run (directories, ids) out of a message."""
    if message is None:
        return None
    for path, word in (hide or {}).items():
        message = message.replace(path, word)
    message = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{UUID}", message)
    message = re.sub(r";\n['~]?[A-Z]\w*\b.*", "", message, flags=re.S)  # the plan behind a message of the analysis
    message = re.sub(r"#\d+", "#N", message)  # attribute ids
    message = re.sub(r"\n\tat .*", "", message, flags=re.S)  # a stack trace
    return message
