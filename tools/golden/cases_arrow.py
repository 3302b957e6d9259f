# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Arrow IPC: schemas that Spark writes, rows that Spark writes, and pyarrow's streams that Spark reads."""

import decimal
import io

import cases_expr as ce
import pyarrow as pa

SCHEMAS, WRITES, READS = [], [], []
TOPICS = {"arrow_schema": SCHEMAS, "arrow_write": WRITES, "arrow_read": READS}
F = '{"type":"struct","fields":[%s]}'

for ddl in [
    "a BOOLEAN, b TINYINT, c SMALLINT, d INT NOT NULL, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(10,2), i STRING, j BINARY",
    "k DATE, l TIMESTAMP, m TIMESTAMP_NTZ, n VOID, o DECIMAL(38,38), p DECIMAL(1,0)",
    "t TIME(0), u TIME(6), v TIME(3), w TIME(2) COMMENT 'c', x ARRAY<TIME(1)>, y MAP<TIME(4),TIME(5)>",
    "a INTERVAL DAY TO SECOND, b INTERVAL YEAR TO MONTH, c INTERVAL, d INTERVAL DAY, e INTERVAL MONTH",
    "v VARIANT, w ARRAY<VARIANT> NOT NULL, x STRUCT<a:VARIANT COMMENT 'v'>",
    "a ARRAY<INT>, m MAP<STRING,ARRAY<INT>>, s STRUCT<x:INT NOT NULL COMMENT 'hey',x:STRING,y:TIMESTAMP>",
    "a CHAR(3), b VARCHAR(5), c INT COMMENT 'x', `d e` STRING COMMENT 'quo\"te', `\u6f22\u5b57` INT",
    "a INT, a INT, A INT",
    "s STRUCT<>, t STRUCT<a:STRUCT<>>, r ARRAY<STRUCT<a:INT,a:INT,a:INT,b:INT>>, m MAP<STRUCT<k:INT,k:INT>,STRUCT<v:INT,V:INT>>",
    "a ARRAY<ARRAY<ARRAY<MAP<INT,STRUCT<x:ARRAY<BINARY>>>>>>",
]:
    for zone, large in (("UTC", False), ("America/Chicago", True)):
        SCHEMAS.append({"ddl": ddl, "zone": zone, "large": large})
for text in [
    F % '{"name":"a","type":"integer","nullable":false,"metadata":{"comment":"x","k":[1,2]}}',
    F % '{"name":"s","type":{"type":"struct","fields":[{"name":"a","type":"integer","nullable":false,"metadata":{"k":{"l":1.5,"m":[true]}}}]},"nullable":true,"metadata":{}}',
    F % '{"name":"r","type":{"type":"array","elementType":"string","containsNull":false},"nullable":true,"metadata":{}},{"name":"m","type":{"type":"map","keyType":"string","valueType":"integer","valueContainsNull":false},"nullable":false,"metadata":{}}',
    F % "",
]:
    SCHEMAS.append({"json": text, "zone": "Asia/Tokyo", "large": False})

for t in ce.TYPES:
    lines = ce.lines_of(t)
    WRITES.append({"name": t, "schema": "x " + t, "rows": lines})
    WRITES.append({"name": t + " nested", "schema": "x " + t, "rows": lines, "select": ["array(x, NULL, x) AS r", "map('k', x) AS m", "struct(x, 1 AS y) AS s", "array(map('a', struct(x))) AS d"]})
WRITES += [
    {"name": "no rows", "schema": "a INT, s STRING", "rows": []},
    {"name": "void", "schema": "a INT", "rows": ['{"a":1}', "{}"], "select": ["NULL AS n", "array(NULL) AS r", "struct() AS s", "a"]},
    {"name": "large", "schema": "s STRING, b BINARY", "rows": ['{"s":"abc","b":"YWJj"}', "{}", '{"s":""}'], "large": True},
    {"name": "many rows", "schema": "a INT", "rows": ["{}"], "select": ["explode(sequence(1, 100)) AS i", "repeat('x', 50) AS s"], "per_batch": 30},
]


def stream(array, field=None, batches=1, **options):
    out = io.BytesIO()
    schema = pa.schema([field or pa.field("x", array.type)])
    with pa.ipc.new_stream(out, schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for _ in range(batches):
            writer.write_batch(pa.record_batch([array], schema=schema))
    return out.getvalue()


def read(name, array, field=None, **options):
    READS.append({"name": name, "stream": stream(array, field, **options)})


D = decimal.Decimal
A = pa.array
for name, values, types in [
    ("integer", [1, None, 100], [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]),
    ("float", [1.5, None, -0.0], [pa.float16(), pa.float32(), pa.float64()]),
    ("text", ["x", None, "", "a long string of more than twelve bytes"], [pa.string(), pa.large_string(), pa.string_view()]),
    ("bytes", [b"x", None, b"", b"a long string of more than twelve bytes"], [pa.binary(), pa.large_binary(), pa.binary_view()]),
    ("timestamp", [1469501107, None, -1], [pa.timestamp(u, z) for u in ("s", "ms", "us") for z in (None, "UTC", "Asia/Tokyo", "+05:30")]),
    ("duration", [1500000, None, -1], [pa.duration(u) for u in ("s", "ms", "us", "ns")]),
    ("time", [3600, None], [pa.time32("s"), pa.time32("ms"), pa.time64("us")]),
    ("list", [[1, None], None, []], [pa.list_(pa.int32()), pa.large_list(pa.int32())]),
    ("pair", [[1, 2], None], [pa.list_(pa.int32(), 2)]),
    ("decimal", [D("1.50"), None], [pa.decimal128(5, 2), pa.decimal128(38, 10), pa.decimal256(50, 2)]),
]:
    for t in types:
        read("%s %s" % (name, t), A(values, t))
read("decimal with a negative scale", A([D("100")], pa.decimal128(5, -2)))
read("date32", A([17007, None, -1], pa.date32()))
read("date64", A([86400000, None], pa.date64()))
read("bool", A([True, None, False]))
read("binary of fixed size", A([b"xx", None], pa.binary(2)))
read("map", A([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32())))
read("struct", A([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]))
read("struct without fields", A([{}, None], pa.struct([])))
read("deep", A([{"r": [[("k", {"v": [1, None]})], None]}, None], pa.struct([("r", pa.list_(pa.map_(pa.string(), pa.struct([("v", pa.list_(pa.int64()))]))))])))
read("not nullable", A([1, 2]), pa.field("x", pa.int64(), nullable=False))
read("element not nullable", A([[1, 2]], pa.list_(pa.field("item", pa.int64(), nullable=False))))
read("metadata", A([1, 2]), pa.field("x", pa.int64(), metadata={"SPARK::metadata::json": '{"comment":"c"}', "k": "v"}))
read("metadata of a child", A([{"a": 1}], pa.struct([pa.field("a", pa.int64(), metadata={"SPARK::metadata::json": '{"comment":"c"}'})])))
read("time with a precision", A([3600 * 10**9, None], pa.time64("ns")), pa.field("x", pa.time64("ns"), metadata={"SPARK::time::precision": "3"}))
read("time", A([3600 * 10**9 + 123456789, None], pa.time64("ns")))
read("time with a wrong precision", A([3600 * 10**9, None], pa.time64("ns")), pa.field("x", pa.time64("ns"), metadata={"SPARK::time::precision": "12"}))
read("calendar interval", A([pa.MonthDayNano([14, 3, 4000005000]), None]))
read("runs", pa.RunEndEncodedArray.from_arrays(A([2], pa.int32()), A(["x"])))
read("union", pa.UnionArray.from_sparse(A([0, 1], pa.int8()), [A([1, 2]), A(["a", "b"])]))
read("zstd", A(list(range(100))), compression="zstd")
read("two batches", A([1, None, 3]), batches=2)
read("no rows", A([], pa.int64()))
read("no batches", A([], pa.int64()), batches=0)
VARIANT = pa.struct([pa.field("value", pa.binary(), False), pa.field("metadata", pa.binary(), False, metadata={"variant": "true"})])
read("variant", A([{"value": b"\x0c\x01", "metadata": b"\x01\x00\x00"}, None], VARIANT))
