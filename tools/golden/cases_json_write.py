# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Spark's JSON writer. The answers are in tests/golden/json_write.jsonl."""

import re

import cases_expr as ce

CASES = []
TOPICS = {"json_write": CASES}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}


def case(name, schema, rows, options=None, conf=None, select=None):
    if schema and re.search(r"\bTIME\b(?!STAMP)", schema):
        conf = {**(conf or {}), "spark.sql.timeType.enabled": "true"}
    CASES.append({"name": name, "schema": schema, "rows": rows, "options": options or {}, "conf": conf, "select": select})


ALL = [
    (t, ce.lines_of(t)) for t in ce.TYPES
]
for t, lines in ALL:
    case("type " + t, "x " + t, lines)
    case("type %s keeping nulls" % t, "x " + t, lines, {"ignoreNullFields": "false"})
    case("type %s in a struct, an array and a map" % t, "x " + t, lines, select=["struct(x) AS s", "array(x, x) AS r", "map('k', x) AS m"])
    case("type %s in Chicago" % t, "x " + t, lines, conf=CHICAGO) if "TIME" in t or t == "DATE" else None
for t in ("BOOLEAN", "INT", "DOUBLE", "DECIMAL(10,2)", "STRING", "BINARY", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "TIME", "INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND", "STRUCT<a:INT,b:STRING>", "ARRAY<INT>", "FLOAT"):
    case("map key " + t, "x " + t, [l for l in ce.lines_of(t) if l != "{}"], select=["map(x, 1) AS m"])
for t in ("DAY", "HOUR", "MINUTE", "SECOND", "DAY TO HOUR", "HOUR TO SECOND", "MINUTE TO SECOND"):
    case("interval " + t, "x INTERVAL DAY TO SECOND", ce.lines_of("INTERVAL DAY TO SECOND")[:2], select=["CAST(x AS INTERVAL %s) AS x" % t])
for t in ("YEAR", "MONTH"):
    case("interval " + t, "x INTERVAL YEAR TO MONTH", ce.lines_of("INTERVAL YEAR TO MONTH")[:2], select=["CAST(x AS INTERVAL %s) AS x" % t])
case("void", "a INT", ['{"a":1}'], select=["NULL AS x", "a"])
case("void keeping nulls", "a INT", ['{"a":1}'], {"ignoreNullFields": "false"}, select=["NULL AS x", "a"])
case("doubles", "x DOUBLE, y FLOAT", ['{"x":%s,"y":%s}' % (v, v) for v in ce.DOUBLES])
case("doubles, legacy NaN quoting", "x DOUBLE", ['{"x":"NaN"}', '{"x":"Infinity"}'], select=["struct(x) AS s", "array(x) AS r"])
STRINGS = ["", "a", "\"", "\\", "/", "\b\f\n\r\t", "\u0000\u0001\u001f", "\u007f\u0080\u009f", "\u00e9", "\u6f22", "\U0001F600", "\u2028\u2029", "\ufeff", "\ufffe\uffff", "<>&'", "a\u0300", "</script>"]
case("strings", "s STRING", ce.strs("s", STRINGS))
case("strings, writeNonAsciiCharacterAsCodePoint", "s STRING", ce.strs("s", STRINGS), {"writeNonAsciiCharacterAsCodePoint": "true"})
case("strings as map keys", "s STRING", ce.strs("s", STRINGS)[:-1], select=["map(s, s) AS m"])
case("invalid UTF-8 in a string", "b BINARY", ['{"b":"/w=="}', '{"b":"w6k="}', '{"b":"7aCA"}', '{"b":"Yf9i"}'], select=["CAST(b AS STRING) AS s"])
case("odd column names", "`a b` INT, `a.b` INT, `\u00e9` INT, `q\"q` INT, `n\\\\n` INT", ['{"a b":1,"a.b":2,"\u00e9":3,"q\\"q":4}'])
case("empty column name", "a INT", ['{"a":1}'], select=["a AS ``"])
case("all null row", "a INT, b STRING", ["{}", '{"a":1}'])
case("all null row keeping nulls", "a INT, b STRING", ["{}", '{"a":1}'], {"ignoreNullFields": "false"})
case("ignoreNullFields by session", "a INT, b STRING", ["{}", '{"a":1}'], conf={"spark.sql.jsonGenerator.ignoreNullFields": "false"})
case("nested nulls", "s STRUCT<x:INT,y:STRUCT<z:INT>>, r ARRAY<STRUCT<x:INT>>, m MAP<STRING,STRUCT<x:INT>>", ['{"s":{},"r":[{},null,{"x":1}],"m":{"k":{},"n":null}}', '{"s":{"y":{}}}', "{}"])
case("nested nulls kept", "s STRUCT<x:INT,y:STRUCT<z:INT>>, r ARRAY<STRUCT<x:INT>>, m MAP<STRING,STRUCT<x:INT>>", ['{"s":{},"r":[{},null,{"x":1}],"m":{"k":{},"n":null}}', '{"s":{"y":{}}}', "{}"], {"ignoreNullFields": "false"})
case("empty nested", "s STRUCT<x:INT>, r ARRAY<INT>, m MAP<STRING,INT>, rr ARRAY<ARRAY<INT>>", ['{"s":{},"r":[],"m":{},"rr":[[],[1],[null],null]}'])
TS = ['{"t":"%s","n":"%s","d":"%s"}' % (v + "Z", v, v[:10]) for v in ("2016-07-25T21:45:07.123456", "2016-07-25T21:45:07", "2016-07-25T21:45:07.1", "2016-07-25T21:45:07.000001", "1969-12-31T23:59:59.999999", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "1883-11-18T12:00:00", "2016-03-13T08:30:00", "2016-11-06T06:30:00")]
for options in ({}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss z"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss"}, {"dateFormat": "dd/MM/yyyy"}, {"dateFormat": "E, d MMM yyyy"}, {"timeZone": "Asia/Kolkata"}, {"timestampFormat": "s"}, {"timestampFormat": "bad {"}, {"locale": "de-DE", "dateFormat": "EEEE, d. MMMM yyyy"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss XXX"}):
    for conf in (None, CHICAGO):
        case("dates and timestamps %s%s" % (options, " Chicago" if conf else ""), "t TIMESTAMP, n TIMESTAMP_NTZ, d DATE", TS, options, conf)
case("window struct", "t TIMESTAMP", TS[:2], select=["window(t, '1 hour') AS window"], conf=CHICAGO)
case("extreme timestamps", "l BIGINT", ['{"l":-9223372036854775808}', '{"l":9223372036854775807}', '{"l":253402300800000000}', '{"l":-62135596800000001}'], select=["timestamp_micros(l) AS t", "CAST(timestamp_micros(l) AS DATE) AS d", "CAST(timestamp_micros(l) AS TIMESTAMP_NTZ) AS n"])
case("decimals", "x DECIMAL(38,18), y DECIMAL(10,0), z DECIMAL(7,7)", ['{"x":0,"y":0,"z":0}', '{"x":1,"y":10000,"z":0.0000001}', '{"x":-0.000000000000000001,"y":-9999999999,"z":-0.5}', '{"x":0.0000001}', '{"x":0.000001}'])
case("pretty", "a INT, s STRUCT<x:INT>, r ARRAY<INT>", ['{"a":1,"s":{"x":2},"r":[1,2]}', "{}"], {"pretty": "true"})
case("lineSep", "a INT", ['{"a":1}', '{"a":2}'], {"lineSep": "|"})
case("lineSep CRLF", "a INT", ['{"a":1}', '{"a":2}'], {"lineSep": "\r\n"})
case("encoding UTF-16", "a STRING", ['{"a":"\u00e9"}'], {"encoding": "UTF-16"})
case("encoding UTF-16LE", "a STRING", ['{"a":"\u00e9"}'], {"encoding": "UTF-16LE"})
case("encoding ISO-8859-1", "a STRING", ['{"a":"\u00e9\u6f22"}'], {"encoding": "ISO-8859-1"})
case("encoding unknown", "a STRING", ['{"a":"\u00e9"}'], {"encoding": "nonsense"})
case("compression gzip", "a INT", ['{"a":1}'], {"compression": "gzip"})
case("compression unknown", "a INT", ['{"a":1}'], {"compression": "nonsense"})
case("compression none", "a INT", ['{"a":1}'], {"compression": "none"})
case("no rows", "a INT", [])
case("no columns", None, [], select=["struct() AS s"])
case("duplicate column names", "a INT", ['{"a":1}'], select=["a", "a"])
case("duplicate column names but for case", "a INT", ['{"a":1}'], select=["a", "a AS A"])
case("bad mode of nulls", "a INT", ["{}"], {"ignoreNullFields": "maybe"})
case("char and varchar", "c STRING", ['{"c":"ab"}'], select=["CAST(c AS CHAR(4)) AS c", "CAST(c AS VARCHAR(4)) AS v"])
case("expressions without alias", "a INT", ['{"a":1}'], select=["a + 1", "count(*)"])
case("one column text from values", "a INT, b STRING, c DOUBLE", ['{"a":1,"b":"x","c":1.0}', '{"a":2,"b":"y","c":1e-7}'])
