# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Spark's CSV writer. The answers are in tests/golden/csv_write.jsonl."""

import re

import cases_expr as ce

CASES = []
TOPICS = {"csv_write": CASES}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}


def case(name, schema, rows, options=None, conf=None, select=None):
    if schema and re.search(r"\bTIME\b(?!STAMP)", schema):
        conf = {**(conf or {}), "spark.sql.timeType.enabled": "true"}
    CASES.append({"name": name, "schema": schema, "rows": rows, "options": options or {}, "conf": conf, "select": select})


for t in ce.TYPES:
    case("type " + t, "x " + t, ce.lines_of(t), select=["1 AS one", "x"])
    if "TIME" in t or t == "DATE":
        case("type %s in Chicago" % t, "x " + t, ce.lines_of(t), conf=CHICAGO)
for t in ("DAY", "HOUR", "MINUTE", "SECOND", "DAY TO HOUR", "HOUR TO SECOND", "MINUTE TO SECOND"):
    case("interval " + t, "x INTERVAL DAY TO SECOND", ce.lines_of("INTERVAL DAY TO SECOND")[:2], select=["CAST(x AS INTERVAL %s) AS x" % t])
case("doubles", "x DOUBLE, y FLOAT", ['{"x":%s,"y":%s}' % (v, v) for v in ce.DOUBLES])
case("void", "a INT", ['{"a":1}'], select=["NULL AS x", "a"])
STRINGS = ["", " ", "  ", "a", " a ", "\ta\t", "a,b", ",", '"', '""', '"a"', 'a"b', 'a"', '"a', 'a"b,c', 'a""b', "\\", "a\\b", "a\\", "\\a", 'a\\"b', 'a\\,b', '\\"', "a\\b,c", "a\nb", "a\rb", "a\r\nb", "\n", "\n a", "a\n ", "#a", "#", "a#", "'a'", "a'b", ";", "a;b", "a|b", "a::b", "\u0000", "a\u0000b", "\u0001", "\u00e9", "\u6f22", "\U0001F600", "\u00a0a\u00a0", "null", "NULL", "1.5", "a, b", " a,b ", ' "a" ', ' "', "a \n", "\ufeff", "x\ty", '" "', '","', "\\\\", 'a\\\\"', "EMPTY", "N"]
LINES = ce.strs("s", STRINGS) + ["{}"]
OPTIONS = [{}, {"quoteAll": "true"}, {"escapeQuotes": "false"}, {"ignoreLeadingWhiteSpace": "false"}, {"ignoreTrailingWhiteSpace": "false"}, {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}, {"quote": "'"}, {"quote": ""}, {"quote": "\u0000"}, {"escape": '"'}, {"escape": "#"}, {"escape": ""}, {"charToEscapeQuoteEscaping": "\\"}, {"charToEscapeQuoteEscaping": "#"}, {"escape": '"', "charToEscapeQuoteEscaping": "#"}, {"comment": "#"}, {"sep": ";"}, {"sep": "|"}, {"sep": "\\t"}, {"sep": "::"}, {"sep": " "}, {"nullValue": "N"}, {"emptyValue": "EMPTY"}, {"emptyValue": ""}, {"nullValue": "N", "emptyValue": "EMPTY"}, {"nullValue": "", "emptyValue": "N", "quoteAll": "true"}, {"nullValue": " N "}, {"nullValue": "a,b"}, {"nullValue": '"'}, {"emptyValue": "a,b"}, {"emptyValue": '"x"'}, {"nullValue": "N", "quoteAll": "true"}, {"quoteAll": "true", "ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}, {"escapeQuotes": "false", "quoteAll": "true"}, {"lineSep": "|"}, {"lineSep": "\r\n"}, {"header": "true"}, {"quoteAll": "true", "header": "true"}]
for o in OPTIONS:
    case("strings %s" % o, "s STRING", LINES, o, select=["s", "'k' AS k", "s AS t"])
    case("one string %s" % o, "s STRING", LINES, o)
for o in ({"header": "true"}, {"header": "true", "quoteAll": "true"}, {"header": "true", "sep": ";"}, {"header": "true", "lineSep": "|"}, {"header": "true", "comment": "a"}, {"header": "true", "compression": "gzip"}):
    case("header %s" % o, "`a b` INT, `a,b` INT, `q\"q` INT, ` s ` INT, `\u00e9` INT, `a;b` INT", ['{"a b":1,"a,b":2}'], o)
    case("header without rows %s" % o, "a INT, b INT", [], o)
case("header without names", "a INT", ['{"a":1}'], {"header": "true"}, select=["a AS ``", "a AS b"])
case("no rows", "a INT", [])
case("all null", "a INT, b STRING", ["{}", '{"a":1}', '{"b":"x"}'])
case("one null", "a INT", ["{}", '{"a":1}', "{}"])
case("one null, header", "a INT", ["{}", '{"a":1}', "{}"], {"header": "true"})
case("one empty", "a STRING", ['{"a":""}', '{"a":" "}', "{}"])
TS = ['{"t":"%s","n":"%s","d":"%s"}' % (v + "Z", v, v[:10]) for v in ("2016-07-25T21:45:07.123456", "2016-07-25T21:45:07", "2016-07-25T21:45:07.1", "2016-07-25T21:45:07.000001", "1969-12-31T23:59:59.999999", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "1883-11-18T12:00:00", "2016-03-13T08:30:00", "2016-11-06T06:30:00")]
for options in ({}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss z"}, {"timestampFormat": "yyyy-MM-dd, HH:mm"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss"}, {"dateFormat": "dd/MM/yyyy"}, {"dateFormat": "E, d MMM yyyy"}, {"timeZone": "Asia/Kolkata"}, {"timestampFormat": "bad {"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss XXX"}, {"locale": "de-DE"}):
    for conf in (None, CHICAGO):
        case("dates and timestamps %s%s" % (options, " Chicago" if conf else ""), "t TIMESTAMP, n TIMESTAMP_NTZ, d DATE", TS, options, conf)
case("decimals", "x DECIMAL(38,18), y DECIMAL(10,0), z DECIMAL(7,7)", ['{"x":0,"y":0,"z":0}', '{"x":1,"y":10000,"z":0.0000001}', '{"x":-0.000000000000000001,"y":-9999999999,"z":-0.5}', '{"x":0.0000001}', '{"x":0.000001}'])
for o in ({"lineSep": ""}, {"lineSep": "abc"}, {"sep": ""}, {"encoding": "UTF-16"}, {"encoding": "ISO-8859-1"}, {"encoding": "nonsense"}, {"compression": "gzip"}, {"compression": "nonsense"}, {"compression": "none"}, {"header": "maybe"}, {"quote": "ab"}, {"escape": "ab"}, {"comment": "ab"}, {"quoteAll": "x"}, {"extension": "tsv"}, {"extension": "a1"}, {"maxColumns": "1"}):
    case("option %s" % o, "a INT, b STRING", ['{"a":1,"b":"\u00e9"}'], o)
case("duplicate column names", "a INT", ['{"a":1}'], select=["a", "a"])
case("nested", "a ARRAY<INT>", ['{"a":[1]}'])
case("char and varchar", "c STRING", ['{"c":"ab"}'], select=["CAST(c AS CHAR(4)) AS c", "CAST(c AS VARCHAR(4)) AS v"])
case("binary", "b BINARY", ['{"b":"YWJj"}'])
