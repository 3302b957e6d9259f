#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Make the seeds of the Arrow reader's fuzzing, tests/fuzz/corpus/arrow_ipc: small streams of pyarrow.

    python tools/gen/arrow_corpus.py        needs pyarrow; the same seeds each time
"""

import os
import random
import sys

import pyarrow as pa

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/peer"))

import check_arrow  # noqa: E402

OUT = os.path.join(ROOT, "tests/fuzz/corpus/arrow_ipc")


def tables():
    rng = random.Random(7)
    scalars = {str(t): t for t in check_arrow.scalar_types()}
    half = len(scalars) // 2
    types = list(scalars.values())
    for name, types in (("scalars_1", types[:half]), ("scalars_2", types[half:])):
        yield name, pa.table({"c%d" % i: check_arrow.random_array(rng, t, 5) for i, t in enumerate(types)}), {}
    words = ["x", None, "a text of more than twelve bytes", ""]
    large = pa.array(words, pa.large_string())
    yield "large", pa.table({"s": large, "b": large.cast(pa.large_binary())}), {}
    blobs = [b"1", None, b"", b"many bytes, more than twelve"]
    yield "views", pa.table({"s": pa.array(words, pa.string_view()), "b": pa.array(blobs, pa.binary_view())}), {}
    lists = pa.array([["a"], ["b", None], None, []], pa.list_(pa.dictionary(pa.int8(), pa.string())))
    yield "dictionary", pa.table({"d": pa.array(words).dictionary_encode(), "l": lists}), {}
    yield "nanos", pa.table({"t": pa.array([1001, None, -1], pa.timestamp("ns", "UTC"))}), {}
    yield "list", pa.table({"r": pa.array([[1, None], None, [], [3]])}), {}
    doubles = pa.map_(pa.string(), pa.list_(pa.float64()))
    yield "map", pa.table({"m": pa.array([[("k", [1.5])], None, []], doubles)}), {}
    yield "struct", pa.table({"s": pa.array([{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None}])}), {}
    numbers = pa.table({"n": pa.array([7] * 300), "s": pa.array(["abc"] * 300)})
    yield "zstd", numbers, {"compression": "zstd"}
    yield "lz4", numbers, {"compression": "lz4"}
    yield "batches", pa.table({"n": pa.array(range(10), pa.int16())}), {"chunk": 4}
    yield "empty", pa.table({"n": pa.array([], pa.int64()), "s": pa.array([], pa.string())}), {}
    yield "unsigned", pa.table({"n": pa.array([1], pa.uint32())}), {}
    variant = pa.struct([
        pa.field("value", pa.binary(), False), pa.field("metadata", pa.binary(), False, metadata={"variant": "true"}),
    ])  # fmt: skip
    yield "variant", pa.table({"v": pa.array([{"value": b"\x0c\x01", "metadata": b"\x01\0\0"}, None], variant)}), {}
    field = pa.field("a", pa.int32(), metadata={"SPARK::metadata::json": '{"comment":"c"}'})
    yield "metadata", pa.table([pa.array([1], pa.int32())], schema=pa.schema([field])), {}
    for i in range(6):
        yield "random_%d" % i, check_arrow.random_table(rng, False).slice(0, 9), {}


def main():
    os.makedirs(OUT, exist_ok=True)
    for name, table, options in tables():
        chunk = options.pop("chunk", None)
        with open(os.path.join(OUT, name), "wb") as out:
            out.write(check_arrow.stream(table, chunk, **options))
    with open(os.path.join(OUT, "file"), "wb") as out:
        out.write(check_arrow.file_form(pa.table({"n": pa.array([1, None, 3])})))


if __name__ == "__main__":
    main()
