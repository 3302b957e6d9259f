#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Arrow IPC beside pyarrow: random tables of all types, written by pyarrow, read and written anew by Weir, read
by pyarrow again, value for value; and the speed of both, in one run.

    check_arrow.py PROGRAM [--tables N] [--seed S]      PROGRAM: build/release/bench/arrow_ipc
    check_arrow.py PROGRAM --bench [ROWS]
"""

import argparse
import datetime
import decimal
import io
import os
import random
import struct
import subprocess
import time

import pyarrow as pa

ZONE = "America/Chicago"


def text(rng, size=30):
    return "".join(rng.choice("abcXYZ 0123\u00e9\u6f22\U0001f600\0\n") for _ in range(rng.randrange(size)))


def scalar_types():
    return [
        pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.float32(), pa.float64(),
        pa.decimal128(5, 2), pa.decimal128(38, 10), pa.string(), pa.binary(), pa.date32(), pa.timestamp("us", ZONE),
        pa.timestamp("us"), pa.time64("ns"), pa.duration("us"), pa.month_day_nano_interval(),
    ]  # fmt: skip


def random_type(rng, depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.6:
        return rng.choice(scalar_types())
    if kind < 0.75:
        inner = random_type(rng, depth - 1)
        return pa.list_(pa.field("element", inner, nullable=pa.types.is_null(inner) or rng.random() < 0.8))
    if kind < 0.85:
        key = rng.choice([pa.string(), pa.int32(), pa.date32()])
        return pa.map_(key, pa.field("value", random_type(rng, depth - 1)))
    fields = [pa.field("f%d" % i, random_type(rng, depth - 1)) for i in range(rng.randrange(0, 4))]
    return pa.struct(fields)


def random_value(rng, t, nulls):
    if pa.types.is_null(t) or rng.random() < nulls:
        return None
    if pa.types.is_boolean(t):
        return rng.random() < 0.5
    if pa.types.is_integer(t):
        return rng.choice([rng.randrange(-(2 ** (t.bit_width - 1)), 2 ** (t.bit_width - 1)), rng.randrange(100)])
    if pa.types.is_floating(t):
        return rng.choice([0.0, -0.0, 1.5, float("inf"), rng.randrange(-1000, 1000) / 8])
    if pa.types.is_decimal(t):
        return decimal.Decimal(rng.randrange(-(10**t.precision) + 1, 10**t.precision)).scaleb(
            -t.scale, decimal.Context(prec=40)
        )
    if pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return text(rng)
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_binary_view(t):
        return rng.randbytes(rng.randrange(40))
    if pa.types.is_date(t):
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=rng.randrange(-700000, 2900000))
    if pa.types.is_timestamp(t) or pa.types.is_duration(t):
        return rng.randrange(-(2**55), 2**55)
    if pa.types.is_time(t):
        return rng.randrange(86400 * 10**9)
    if pa.types.is_interval(t):
        nanos = rng.randrange(-(10**14), 10**14) * 1000
        return pa.MonthDayNano([rng.randrange(-99, 99), rng.randrange(-99, 99), nanos])
    if pa.types.is_map(t):
        entries = {}
        for _ in range(rng.randrange(4)):
            key = random_value(rng, t.key_type, 0)
            entries[key] = random_value(rng, t.item_type, nulls)
        return list(entries.items())
    if pa.types.is_list(t):
        inner = nulls if t.value_field.nullable else 0
        return [random_value(rng, t.value_type, inner) for _ in range(rng.randrange(5))]
    return {f.name: random_value(rng, f.type, nulls) for f in t}


def random_array(rng, t, rows):
    nulls = rng.choice([0, 0.2, 0.2, 1])
    array = pa.array([random_value(rng, t, nulls) for _ in range(rows + 3)], type=t)
    return array.slice(rng.randrange(4), rows)  # buffers that do not begin at their begin


def random_table(rng, big):
    rows = rng.choice([0, 1, 7, 8, 9, 63, 64, 65, 300] + ([5000, 25000] if big else []))
    columns = {}
    for i in range(rng.randrange(1, 7)):
        columns["c%d" % i] = random_array(rng, random_type(rng, 3 if not big else 1), rows)
    return pa.table(columns)


def stream(table, chunk=None, **options):
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=chunk)
        if table.num_rows == 0:
            writer.write_batch(pa.record_batch([c.combine_chunks() for c in table.columns], schema=table.schema))
    return out.getvalue()


def file_form(table):
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def echo(program, data, rows_max=0, zone=ZONE, large=False):
    command = [program, "echo", str(rows_max), zone] + (["large"] if large else [])
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    batches, schema, at, out = [], None, 0, done.stdout
    while at < len(out):
        (size,) = struct.unpack_from("<Q", out, at)
        with pa.ipc.open_stream(out[at + 8 : at + 8 + size]) as reader:
            schema = reader.schema
            got = list(reader)
        assert got, "a stream without a batch"
        for batch in got:
            batch.validate(full=True)
        assert not rows_max or sum(b.num_rows for b in got) <= rows_max
        batches += got
        at += 8 + size
    return pa.Table.from_batches(batches, schema)


def same(before, after, what):
    assert before.num_rows == after.num_rows, "%s: %d rows, not %d" % (what, after.num_rows, before.num_rows)
    for name in before.column_names:
        a, b = before[name].combine_chunks(), after[name].combine_chunks()
        assert a.type == b.type, "%s: %s is %s, not %s" % (what, name, b.type, a.type)
        assert a.equals(b), "%s: %s differs\n%s\n%s" % (what, name, a, b)


def check_round_trips(program, rng, tables):
    for i in range(tables):
        table = random_table(rng, i % 10 == 9)
        chunk = rng.choice([None, 1, 7, 64, 1000])
        rows_max = rng.choice([0, 0, 1, 5, 64, 100, 4096])
        if table.num_rows > 1000:
            rows_max, chunk = rng.choice([0, 777, 4096]), rng.choice([None, 1000, 4096])
        what = "table %d (%s)" % (i, ", ".join("%s" % f.type for f in table.schema))
        options = rng.choice([{}, {}, {"compression": "zstd"}])
        same(table, echo(program, stream(table, chunk, **options), rows_max), what)
        if i % 7 == 0:
            same(table, echo(program, file_form(table)), what + " as a file")


def check_conversions(program, rng):
    """What Weir reads and writes as another Arrow type."""
    strings = [random_value(rng, pa.string(), 0.2) for _ in range(500)]
    blobs = [random_value(rng, pa.binary(), 0.2) for _ in range(500)]
    nanos = [None if rng.random() < 0.2 else rng.randrange(-(2**60), 2**60) for _ in range(500)]
    micros = [None if n is None else n // 1000 for n in nanos]
    for of, to, values, expected in [
        (pa.large_string(), pa.string(), strings, strings),
        (pa.large_binary(), pa.binary(), blobs, blobs),
        (pa.string_view(), pa.string(), strings, strings),
        (pa.binary_view(), pa.binary(), blobs, blobs),
        (pa.timestamp("ns"), pa.timestamp("us"), nanos, micros),
        (pa.timestamp("ns", "Asia/Tokyo"), pa.timestamp("us", ZONE), nanos, micros),
        (pa.timestamp("us", "Asia/Tokyo"), pa.timestamp("us", ZONE), micros, micros),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), [s and s[:1] for s in strings], None),
        (pa.dictionary(pa.uint16(), pa.int64()), pa.int64(), [n and n % 9 for n in nanos], None),
        (pa.list_(pa.dictionary(pa.int32(), pa.string())), pa.list_(pa.field("element", pa.string())),
         [[s, s] for s in strings], None),
    ]:  # fmt: skip
        if pa.types.is_dictionary(of):
            source = pa.array(values, of.value_type).dictionary_encode().cast(of)
        elif pa.types.is_list(of):
            source = pa.array(values, pa.list_(of.value_type.value_type)).cast(of)
        else:
            source = pa.array(values, of)
        got = echo(program, stream(pa.table({"x": source}), 64))
        want = pa.array(values if expected is None else expected, to)
        same(pa.table({"x": want}), got, "%s as %s" % (of, to))
    table = pa.table({"s": pa.array(strings), "b": pa.array(blobs)})
    got = echo(program, stream(table), 100, large=True)
    assert got.schema.types == [pa.large_string(), pa.large_binary()]
    same(pa.table({"s": table["s"].cast(pa.large_string()), "b": table["b"].cast(pa.large_binary())}), got, "large")


def bench_pyarrow(rows):
    """The same rows in the same batches and streams as the program's."""
    size, left = 4096, rows
    batches = []
    for first in range(0, 64 * size, size):
        ids = range(first, first + size)
        batches.append(pa.record_batch({
            "id": pa.array(ids, pa.int64()),
            "s": pa.array(["action-%d" % (i % 1000003) for i in ids]),
            "d": pa.array([i / 3 for i in ids]),
            "t": pa.array([1469501107000000 + i * 1000 for i in ids], pa.timestamp("us", "UTC")),
        }))  # fmt: skip
    wrote = read = 0.0
    total, at = 0, 0
    while left > 0:
        part = [batches[(at + i) % 64] for i in range(2)]
        at += 2
        start = time.perf_counter()
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, part[0].schema) as writer:
            for batch in part:
                writer.write_batch(batch)
        data = out.getvalue()
        wrote += time.perf_counter() - start
        total += data.size
        start = time.perf_counter()
        with pa.ipc.open_stream(data) as reader:
            for batch in reader:
                left -= batch.num_rows
        read += time.perf_counter() - start
    return rows - left, total, wrote, read


def bench(program, rows):
    print("rows %d, (bigint, string, double, timestamp), streams of two batches of 4,096 rows" % rows)
    done = subprocess.run([program, str(rows), "1"], capture_output=True, text=True, check=True)
    for line in done.stdout.split("\n"):
        if line:
            what, count, size, seconds = line.split()
            print("weir     %-5s %6.0f MB/s %6.1f M rows/s" % (
                what, int(size) / float(seconds) / 1e6, int(count) / float(seconds) / 1e6))
    count, size, wrote, read = bench_pyarrow(rows)
    for what, seconds in (("write", wrote), ("read", read)):
        print("pyarrow  %-5s %6.0f MB/s %6.1f M rows/s" % (what, size / seconds / 1e6, count / seconds / 1e6))


def check(program, tables=200, seed=None):
    seed = random.randrange(1 << 30) if seed is None else seed
    rng = random.Random(seed)
    try:
        check_round_trips(program, rng, tables)
        check_conversions(program, rng)
    except AssertionError:
        print("arrow: seed %d" % seed)
        raise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--bench", type=int, nargs="?", const=10000000)
    args = parser.parse_args()
    if args.bench:
        bench(args.program, args.bench)
        return
    check(os.path.abspath(args.program), args.tables, args.seed)
    print("%d tables: the same" % args.tables)


if __name__ == "__main__":
    main()
