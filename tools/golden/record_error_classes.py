#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Record with which Java exceptions Spark throws its error conditions: driver/connect/spark_error_classes.def.

    python tools/golden/record_error_classes.py [--out FILE]

Two sources. Thrown: what Spark's own Connect server says of errors that cases_error_classes.py provokes. Made: the
exception classes whose constructors get the condition's name in Spark's class files, which also knows what nobody
can provoke. What is thrown counts more than what is made. The superclasses come from the JVM. Needs the environment
of tests/peer/make_venv.sh and Java 17.
"""

import argparse
import collections
import glob
import json
import os
import re
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases_error_classes as cases  # noqa: E402
import jvm_bytecode  # noqa: E402

# Methods that throw the condition that they are given.
THROWERS = {"failAnalysis": "org/apache/spark/sql/AnalysisException",
            "invalidCommand": "org/apache/spark/sql/catalyst/parser/ParseException"}


def condition_names(jars):
    names = set()
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for entry in archive.namelist():
                if entry.startswith("error/") and entry.endswith("conditions.json"):
                    for name, body in json.loads(archive.read(entry)).items():
                        names.add(name)
                        names.update(f"{name}.{sub}" for sub in body.get("subClass", {}))
    return names


def throwable_names(parents):
    known = {"java/lang/Throwable": True}

    def is_throwable(name):
        if name not in known:
            known[name] = name in parents and is_throwable(parents[name]) if name else False
            if not known[name] and name not in parents and name and name.startswith("java/"):
                known[name] = name.endswith(("Exception", "Error"))
        return known[name]
    return {name for name in parents if is_throwable(name)}


def returned(descriptor):
    kind = descriptor.rsplit(")", 1)[1]
    return kind[1:-1] if kind.startswith("L") else None


def attribute(class_file, names, throwables, found):
    """A condition belongs to the exception that is being made around it, else to the next one of the method."""
    being_made, waiting = [], []

    def settle(owner):
        for name in waiting:
            found[name][owner] += 1
        waiting.clear()

    for event in class_file.events():
        if event is None:
            being_made.clear()
            waiting.clear()
        elif event[0] == "string" and event[1] in names:
            if being_made:
                found[event[1]][being_made[-1]] += 1
            else:
                waiting.append(event[1])
        elif event[0] == "new" and event[1] in throwables:
            being_made.append(event[1])
            settle(event[1])
        elif event[0] == "call":
            _, owner, name, descriptor = event
            if name == "<init>" and being_made and being_made[-1] == owner:
                being_made.pop()
            elif name in THROWERS:
                settle(THROWERS[name])
            elif waiting and returned(descriptor) in throwables:
                settle(returned(descriptor))


def read_jars(jars, names):
    files, parents = [], {}
    for jar in jars:
        for class_file in jvm_bytecode.classes(jar):
            parents[class_file.name] = class_file.parent
            if any(isinstance(entry, str) and entry in names for entry in class_file.pool):
                files.append(class_file)
    throwables = throwable_names(parents)
    found = collections.defaultdict(collections.Counter)
    for class_file in files:
        if class_file.name not in throwables:  # their own code passes names on
            attribute(class_file, names, throwables, found)
    return found


class Chains:
    """Superclasses, most specific first, asked of a JVM."""

    def __init__(self, jvm):
        self.jvm = jvm
        self.known = {}

    def of(self, name):
        if name not in self.known:
            chain, kind = [], self.jvm.java.lang.Class.forName(name)
            while kind is not None:
                chain.append(kind.getName())
                kind = kind.getSuperclass()
            self.known[name] = chain
        return self.known[name]


def provoke(spark):
    """{condition: counts of classes} of what the server answered."""
    import google.rpc.error_details_pb2 as details
    from grpc_status import rpc_status

    thrown = collections.defaultdict(collections.Counter)
    client = spark._client
    original = client._handle_rpc_error

    def keep(error):
        for detail in rpc_status.from_call(error).details:
            info = details.ErrorInfo()
            if detail.Unpack(info) and "errorClass" in info.metadata:
                thrown[info.metadata["errorClass"]][json.loads(info.metadata["classes"])[0]] += 1
        original(error)
    client._handle_rpc_error = keep
    for name, call in cases.cases(spark, tempfile.mkdtemp(prefix="weir-error-classes-")).items():
        try:
            call()
            print(f"no error: {name}", file=sys.stderr)
        except Exception as error:  # noqa: BLE001
            if os.environ.get("VERBOSE"):
                print(f"{name}: {type(error).__name__} {str(error)[:100]}", file=sys.stderr)
    client._handle_rpc_error = original
    return thrown


def one_class(thrown, made):
    """Where Spark throws several, a query gets the exception of the parser, or else of the checks of its plan."""
    for kind in ("catalyst.parser.ParseException", "catalyst.ExtendedAnalysisException"):
        if f"org.apache.spark.sql.{kind}" in thrown:
            return f"org.apache.spark.sql.{kind}"
    counts = thrown or made
    return min(counts, key=lambda kind: (-counts[kind], kind))


def rows(thrown, made):
    """Sorted (condition, class); a sub-condition only where it differs from its parent."""
    known = {name: one_class(thrown.get(name, {}), made.get(name, {})) for name in set(thrown) | set(made)}
    children = collections.defaultdict(collections.Counter)
    for name, kind in known.items():
        children[name.split(".")[0]][kind] += 1
    for parent, kinds in children.items():
        known.setdefault(parent, one_class({}, kinds))
    for name in sorted(known):
        parent = name.split(".")[0]
        if name == parent or known[name] != known[parent]:
            yield name, known[name]


def tag(kind):
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", kind.rsplit(".", 1)[1].removesuffix("Exception"))
    return "_".join(words).upper()


HEAD = """/* Recorded from Spark {version} by tools/golden/record_error_classes.py.
 * WEIR_ERROR_CHAIN(CLASS, names): a Java exception and its superclasses, most specific first.
 * WEIR_ERROR_CLASS(condition, CLASS): with which one Spark throws a condition, sorted; sub-conditions have their
 * parent's unless they stand here themselves. */
/* clang-format off */
"""


def write(path, version, chains, lines):
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write(HEAD.format(version=version))
        for kind in sorted({kind for _, kind in lines}, key=tag):
            names = ", ".join(f'"{name}"' for name in chains.of(kind))
            out.write(f"WEIR_ERROR_CHAIN({tag(kind)}, {names})\n")
        for name, kind in lines:
            out.write(f'WEIR_ERROR_CLASS("{name}", {tag(kind)})\n')
        out.write("/* clang-format on */\n")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=os.path.join(here, "..", "..", "driver", "connect",
                                                      "spark_error_classes.def"))
    args = parser.parse_args()
    import pyspark
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    jars = sorted(glob.glob(os.path.join(os.path.dirname(pyspark.__file__), "jars", "spark-*_2.13-*.jar")))
    names = condition_names(jars)
    made = read_jars(jars, names)
    chains = Chains(launch_gateway().jvm)
    os.environ["SPARK_TESTING"] = "1"  # the server takes any free port
    spark = SparkSession.builder.remote("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    thrown = provoke(spark)
    made = {name: collections.Counter({kind.replace("/", "."): n for kind, n in kinds.items()})
            for name, kinds in made.items()}
    lines = list(rows(thrown, made))
    write(args.out, spark.version, chains, lines)
    print(f"{len(set(made) | set(thrown))} conditions, {len(thrown)} of them provoked, {len(lines)} rows")
    spark.stop()


if __name__ == "__main__":
    main()
