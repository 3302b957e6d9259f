# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Spark's JSON reader. The answers are in tests/golden/json_read*.jsonl."""

import base64
import gzip
import json
import re

TOPICS = {"json_read": [], "json_read_types": [], "json_read_syntax": []}


def case(topic, name, text, schema, options=None, conf=None, select=None, file="part.json"):
    if isinstance(text, (str, bytes)):
        text = [(file, text)]
    files = [{"name": n, "text": t} if isinstance(t, str) else {"name": n, "b64": base64.b64encode(t).decode()} for n, t in text]
    if schema and re.search(r"\bTIME\b(?!STAMP)", schema):
        conf = {**(conf or {}), "spark.sql.timeType.enabled": "true"}
    TOPICS[topic].append({"name": name, "files": files, "schema": schema, "options": options or {}, "conf": conf, "select": select})


# ---------------------------------------------------------------- every type from every kind of JSON value
KINDS = ['null', 'true', 'false', '0', '1', '-1', '127', '128', '-129', '32768', '2147483647', '2147483648', '-2147483649', '9223372036854775807', '9223372036854775808', '-9223372036854775809',
         '123456789012345678901234567890123456789', '1.0', '1.5', '-1.5', '0.1', '1e2', '1E2', '1e-2', '1.5e1', '1e400', '-1e400', '1e-400', '-0', '-0.0', '12345.678', '0.005', '99999999.995', '1e10', '1e19', '3.5e38', '1469501107', '1469501107.5', '1469501107123',
         '""', '" "', '"0"', '"1"', '"-1"', '"128"', '" 1 "', '"1.0"', '"1.5"', '"1e2"', '"1,000.5"', '"abc"', '"true"', '"True"', '"false"', '"t"', '"null"', '"NaN"', '"nan"', '"Infinity"', '"-Infinity"', '"+Infinity"', '"INF"', '"+INF"', '"-INF"', '"inf"', '"1d"', '"1f"', '"0x1p3"', '"1."', '".5"',
         '"2016-07-25"', '"2016-07-25 21:45:07"', '"2016-07-25T21:45:07"', '"2016-07-25T21:45:07.123456Z"', '"2016-07-25T21:45:07+02:00"', '"2016-07-25T21:45:07.123456789"', '"2016-7-5"', '"2016"', '"12:34:56"', '"12:34"', '"YWJj"', '"YW Jj"', '"YQ"', '"!!!"', '"1 day"', '"1-2"', "\"INTERVAL '1' DAY\"", "\"INTERVAL '1-2' YEAR TO MONTH\"", "\"INTERVAL '1 02:03:04' DAY TO SECOND\"",
         '{}', '{"a":1}', '{"a":"x","b":2}', '{"a":null}', '{"a":1,"a":2}', '{ "a" : [ 1 , 2 ] , "z" : { } }', '[]', '[1]', '[1,2]', '[null]', '["a","b"]', '[[1]]', '[{"a":1}]', '[1,"x"]', '{"k":{"a":1}}', '"\\u00e9\\n"']
READTYPES = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(38,18)", "DECIMAL(3,0)", "STRING", "CHAR(3)", "VARCHAR(3)", "BINARY", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "TIME", "TIME(0)",
             "INTERVAL YEAR TO MONTH", "INTERVAL YEAR", "INTERVAL MONTH", "INTERVAL DAY TO SECOND", "INTERVAL DAY", "INTERVAL HOUR TO MINUTE", "INTERVAL", "STRUCT<a:INT,b:STRING>", "STRUCT<a:ARRAY<INT>>", "ARRAY<INT>", "ARRAY<STRING>", "ARRAY<STRUCT<a:INT>>", "MAP<STRING,INT>", "MAP<STRING,STRING>", "MAP<INT,INT>", "MAP<STRING,STRUCT<a:INT>>", "VARIANT", "VOID", "STRING COLLATE UTF8_LCASE", "STRUCT<>"]
for t in READTYPES:
    text = "".join('{"x":%s,"after":1}\n' % k for k in KINDS)
    case("json_read_types", t + " from every value", text, "x %s, after INT, _corrupt_record STRING" % t)
    if t in ("INT", "STRING", "STRUCT<a:INT,b:STRING>"):
        case("json_read_types", t + " from every value, DROPMALFORMED", text, "x %s, after INT" % t, {"mode": "DROPMALFORMED"})
for t in READTYPES:
    case("json_read_types", t + " in Chicago", "".join('{"x":%s}\n' % k for k in KINDS if "2016" in k or k.startswith("14695")), "x " + t, conf={"spark.sql.session.timeZone": "America/Chicago"}) if t in ("DATE", "TIMESTAMP", "TIMESTAMP_NTZ") else None
for t in ("INT", "DOUBLE", "DATE", "TIMESTAMP", "STRUCT<a:INT,b:STRING>", "ARRAY<INT>", "MAP<STRING,INT>", "DECIMAL(10,2)", "BOOLEAN"):
    case("json_read_types", t + " bad values nested", "".join('{"s":{"x":%s,"y":2},"r":[%s],"m":{"k":%s},"z":3}\n' % (k, k, k) for k in ["1", '"x"', "true", "null", "{}", "[]", "1.5", '""']), "s STRUCT<x:%s,y:INT>, r ARRAY<%s>, m MAP<STRING,%s>, z INT, _corrupt_record STRING" % (t, t, t))
    case("json_read_types", t + " bad values nested, no partial results", "".join('{"a":0,"s":{"x":%s,"y":2},"r":[%s],"m":{"k":%s},"z":3}\n' % (k, k, k) for k in ["1", '"x"', "true", "null", "{}", "[]", "1.5", '""']), "a INT, s STRUCT<x:%s,y:INT>, r ARRAY<%s>, m MAP<STRING,%s>, z INT, _corrupt_record STRING" % (t, t, t), conf={"spark.sql.json.enablePartialResults": "false"})
    case("json_read_types", t + " primitivesAsString", "".join('{"x":%s}\n' % k for k in KINDS[:8]), "x " + t, {"primitivesAsString": "true"})
DATETEXTS = ["2016-07-25", "2016-7-5", "2016-07", "2016", "25/07/2016", "07/25/2016", "20160725", "Jul 25, 2016", "2016-07-25T21:45:07Z", "2016-07-25 21:45:07", "2016-07-25 21:45:07.123", "2016-07-25T21:45:07.123456", "2016-07-25T21:45:07+0200", "2016-07-25T21:45:07.5+02:00", "2016-07-25 21:45:07 America/Chicago", "25/07/2016 21:45", "", "abc", "0001-01-01", "9999-12-31", "10000-01-01", "1582-10-10", "2016-02-30", "2016-07-25T24:00:00", "2016-07-25T21:45", "2016-07-25T21", "12:34:56", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2016-03-13T02:30:00", "2016-11-06T01:30:00", "1469501107", " 2016-07-25 ", "2016-07-25T21:45:07Z ", "2016-07-25T21:45:07.1234567Z", "epoch", "now", "2016-07-25T21:45:07CST", "2016-07-25T21:45:07-06", "2016-07-25T21:45:07-6:00"]
for options in ({}, {"dateFormat": "yyyy-MM-dd"}, {"dateFormat": "dd/MM/yyyy"}, {"dateFormat": "MMM d, yyyy"}, {"dateFormat": "yyyyMMdd"}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"}, {"timestampFormat": "dd/MM/yyyy HH:mm"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ssZ"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSS]"}, {"timestampFormat": "s"}, {"timeZone": "America/Chicago"}, {"timeZone": "+05:30", "timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"enableDateTimeParsingFallback": "true", "timestampFormat": "yyyy-MM-dd HH:mm:ss", "dateFormat": "dd/MM/yyyy"}, {"timeFormat": "HH:mm:ss"}, {"timeFormat": "HH.mm"}, {"locale": "de-DE", "dateFormat": "d. MMMM yyyy"}, {"dateFormat": "YYYY"}, {"timestampFormat": "bad {"}):
    for conf in (None, {"spark.sql.session.timeZone": "America/Chicago"}, {"spark.sql.legacy.timeParserPolicy": "CORRECTED"}):
        if conf and options not in ({}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"timeZone": "America/Chicago"}):
            continue
        tag = json.dumps(options, sort_keys=True) + (" " + json.dumps(conf) if conf else "")
        case("json_read_types", "dates and timestamps " + tag, "".join('{"d":%s,"t":%s,"n":%s}\n' % ((json.dumps(v),) * 3) for v in DATETEXTS), "d DATE, t TIMESTAMP, n TIMESTAMP_NTZ, _corrupt_record STRING", options, conf)
case("json_read_types", "time format", '{"t":"12:34:56"}\n{"t":"12.34"}\n{"t":"12:34:56.5"}\n{"t":5}\n{"t":"25:00:00"}\n', "t TIME, _corrupt_record STRING", {"timeFormat": "HH.mm"})
case("json_read_types", "date from numbers", "".join('{"d":%s}\n' % v for v in ("0", "17007", "-1", "1.5", "2147483648", '"17007"', "true")), "d DATE, _corrupt_record STRING")
case("json_read_types", "timestamp from numbers", "".join('{"t":%s}\n' % v for v in ("0", "-1", "1.5", "1469501107.123456", "9223372036854775807", "9223372036854", "9223372036855", "1e9", "12345678901234567890", '"0"', "-1.5", "true")), "t TIMESTAMP, _corrupt_record STRING")
case("json_read_types", "timestamp_ntz from numbers", "".join('{"t":%s}\n' % v for v in ("0", "-1", "1.5", "1469501107")), "t TIMESTAMP_NTZ, _corrupt_record STRING")
case("json_read_types", "decimal locale", '{"x":"1.000,5"}\n{"x":"1,000.5"}\n{"x":1000.5}\n', "x DECIMAL(10,2), _corrupt_record STRING", {"locale": "de-DE"})
case("json_read_types", "strings verbatim", '{"x":1.50}\n{"x":1e2}\n{"x":  -0.0 }\n{"x":12345678901234567890.123}\n{"x":true}\n{"x":{"b" : 1.0, "a":[1 ,2, "\\u00e9", "/\\/"]}}\n{"x":[ "a\\tb" , null ]}\n{"x":1E400}\n{"x":{"k":1,"k":2}}\n{"x":"\\/"}\n{"x":{"\\u00e9":"\\u00e9","s":"\u00e9\U0001F600"}}\n', "x STRING, _corrupt_record STRING")
case("json_read_types", "exact string parsing off", '{"x":1.50}\n{"x":1e2}\n{"x":{"b" : 1.0, "a":[1 ,2]}}\n', "x STRING", conf={"spark.sql.json.enableExactStringParsing": "false"})
case("json_read_types", "variant values", "".join('{"v":%s}\n' % v for v in ("1", "1.50", "1e2", "12345678901234567890123456789012345678", "123456789012345678901234567890123456789", "0.1", '"s"', "true", "null", "[]", "{}", '{"b":1,"a":[1,{"z":null}]}', "-0.0", "1e400", '{"a":1,"a":2}')), "v VARIANT, _corrupt_record STRING")
case("json_read_types", "singleVariantColumn", '{"a":1}\n{"b":[1,2]}\nbad\n[1,2]\n5\n', None, {"singleVariantColumn": "v"})
case("json_read_types", "char and varchar", '{"c":"a","v":"b"}\n{"c":"abc","v":"abc"}\n{"c":"abcd","v":"abcd"}\n{"c":"\u00e9","v":"\u00e9\u00e9\u00e9\u00e9"}\n', "c CHAR(3), v VARCHAR(3), _corrupt_record STRING")
case("json_read_types", "char and varchar as string", '{"c":"a","v":"b"}\n{"c":"abcd","v":"abcd"}\n', "c CHAR(3), v VARCHAR(3)", conf={"spark.sql.legacy.charVarcharAsString": "true"})
case("json_read_types", "char and varchar preserved", '{"c":"a","v":"b"}\n{"c":"abcd","v":"abcd"}\n', "c CHAR(3), v VARCHAR(3)", conf={"spark.sql.preserveCharVarcharTypeInfo": "true"})

# ---------------------------------------------------------------- records, fields, modes
MODES = ({}, {"mode": "PERMISSIVE"}, {"mode": "DROPMALFORMED"}, {"mode": "FAILFAST"}, {"mode": "permissive"}, {"mode": "nonsense"})
BADS = {
    "good": '{"a":1,"b":"x"}',
    "type mismatch first": '{"a":"x","b":"y"}',
    "type mismatch last": '{"b":"y","a":"x"}',
    "type mismatch unused field": '{"a":1,"b":"y","c":tru}',
    "truncated after value": '{"a":1,"b":"x"',
    "truncated in string": '{"a":1,"b":"x',
    "truncated in key": '{"a":1,"b',
    "truncated after colon": '{"a":1,"b":',
    "truncated after comma": '{"a":1,',
    "trailing comma": '{"a":1,"b":"x",}',
    "double comma": '{"a":1,,"b":"x"}',
    "missing colon": '{"a" 1,"b":"x"}',
    "missing comma": '{"a":1 "b":"x"}',
    "unquoted key": '{a:1,"b":"x"}',
    "single quotes": "{'a':1,'b':'x'}",
    "unquoted value": '{"a":1,"b":x}',
    "bare word": "hello",
    "only open": "{",
    "only close": "}",
    "empty object": "{}",
    "empty array": "[]",
    "array of objects": '[{"a":1,"b":"x"},{"a":2}]',
    "array with a bad object": '[{"a":1,"b":"x"},{"a":"z"},{"a":3}]',
    "array of scalars": "[1,2]",
    "array of arrays": "[[1],[2]]",
    "array of nulls": "[null]",
    "array truncated": '[{"a":1},{"a":2}',
    "array mixed": '[{"a":1},5]',
    "number": "5",
    "string": '"x"',
    "true": "true",
    "null": "null",
    "two objects": '{"a":1,"b":"x"}{"a":2,"b":"y"}',
    "two objects with space": '{"a":1,"b":"x"} {"a":2,"b":"y"}',
    "garbage after": '{"a":1,"b":"x"} garbage',
    "comma after": '{"a":1,"b":"x"},',
    "brace after": '{"a":1,"b":"x"}}',
    "number after": '{"a":1,"b":"x"} 5',
    "garbage before": 'garbage {"a":1}',
    "bad escape": '{"a":1,"b":"\\q"}',
    "bad unicode escape": '{"a":1,"b":"\\u00zz"}',
    "short unicode escape": '{"a":1,"b":"\\u12"}',
    "leading zeros": '{"a":007,"b":"x"}',
    "plus sign": '{"a":+1,"b":"x"}',
    "hex": '{"a":0x10,"b":"x"}',
    "dot first": '{"a":.5,"b":"x"}',
    "dot last": '{"a":5.,"b":"x"}',
    "minus alone": '{"a":-,"b":"x"}',
    "exponent alone": '{"a":1e,"b":"x"}',
    "NaN": '{"a":NaN,"b":"x"}',
    "minus space": '{"a":- 1,"b":"x"}',
    "comment": '{"a":1,/* c */"b":"x"}',
    "line comment": '{"a":1,"b":"x"} // c',
    "hash comment": '{"a":1,"b":"x"} # c',
    "tab in string": '{"a":1,"b":"x\ty"}',
    "control in string": '{"a":1,"b":"x\u0001y"}',
    "del in string": '{"a":1,"b":"x\u007fy"}',
    "vertical tab outside": '{"a":1,\u000b"b":"x"}',
    "form feed outside": '{"a":1,\u000c"b":"x"}',
    "nbsp outside": '{"a":1,\u00a0"b":"x"}',
    "spaces around": '   {  "a" : 1 , "b" : "x" }   ',
    "tabs around": '\t{\t"a"\t:\t1\t}\t',
    "duplicate key": '{"a":1,"a":2,"b":"x"}',
    "duplicate key, bad first": '{"a":"q","a":2,"b":"x"}',
    "duplicate key, bad last": '{"a":1,"a":"q","b":"x"}',
    "duplicate key, null last": '{"a":1,"a":null,"b":"x"}',
    "extra field": '{"a":1,"z":{"q":[1,2,{"w":null}]},"b":"x"}',
    "extra field bad inside": '{"a":1,"z":{"q":[1,2,]},"b":"x"}',
    "extra field bad escape": '{"a":1,"z":"\\q","b":"x"}',
    "extra field bad number": '{"a":1,"z":01,"b":"x"}',
    "case differs": '{"A":1,"B":"x"}',
    "empty key": '{"":1,"b":"x"}',
    "null key text": '{"a":null,"b":null}',
    "escaped key": '{"\\u0061":1,"b":"x"}',
    "surrogates": '{"a":1,"b":"\\ud83d\\ude00"}',
    "lone high surrogate": '{"a":1,"b":"\\ud83d"}',
    "lone high surrogate then text": '{"a":1,"b":"\\ud83dxyz"}',
    "lone low surrogate": '{"a":1,"b":"\\ude00"}',
    "swapped surrogates": '{"a":1,"b":"\\ude00\\ud83d"}',
    "nul escape": '{"a":1,"b":"x\\u0000y"}',
    "all escapes": '{"a":1,"b":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00E9"}',
    "non-ASCII": '{"a":1,"b":"h\u00e9llo \u6f22\u5b57 \U0001F600"}',
    "BOM": '\ufeff{"a":1,"b":"x"}',
    "int overflow": '{"a":2147483648,"b":"x"}',
    "float for int": '{"a":1.0,"b":"x"}',
    "object for int": '{"a":{"q":1},"b":"x"}',
    "object for string": '{"a":1,"b":{"q":1}}',
    "uppercase True": '{"a":True,"b":"x"}',
    "nul byte": '{"a":1,"b":"x"}\u0000',
    "nul byte first": '\u0000{"a":1,"b":"x"}',
    "long number": '{"a":1,"b":' + "9" * 1001 + "}",
    "deep array": '{"a":1,"z":' + "[" * 200 + "]" * 200 + ',"b":"x"}',
    "deep 999": '{"a":1,"z":' + "[" * 998 + "]" * 998 + ',"b":"x"}',
    "deep 1001": '{"a":1,"z":' + "[" * 1001 + "]" * 1001 + ',"b":"x"}',
}
for name, line in BADS.items():
    text = '{"a":10,"b":"before"}\n' + line + '\n{"a":20,"b":"after"}\n'
    case("json_read_syntax", name + ": corrupt column", text, "a INT, b STRING, _corrupt_record STRING")
    case("json_read_syntax", name + ": without corrupt column", text, "a INT, b STRING")
    case("json_read_syntax", name + ": DROPMALFORMED", text, "a INT, b STRING", {"mode": "DROPMALFORMED"})
    case("json_read_syntax", name + ": FAILFAST", text, "a INT, b STRING", {"mode": "FAILFAST"})
    if len(line) < 100:
        case("json_read_syntax", name + ": multiLine", line, "a INT, b STRING, _corrupt_record STRING", {"multiLine": "true"})
for mode in MODES:
    case("json_read", "mode %s" % mode, '{"a":1}\n{"a":"x"}\n{"a":\n{"a":3}\n', "a INT", mode)
    case("json_read", "mode %s corrupt column" % mode, '{"a":1}\n{"a":"x"}\n{"a":\n{"a":3}\n', "a INT, _corrupt_record STRING", mode)
C = '{"a":1,"b":2}\n{"a":"x","b":2}\n{"a":\n'
case("json_read", "corrupt column first", C, "_corrupt_record STRING, a INT, b INT")
case("json_read", "corrupt column of another name", C, "a INT, b INT, bad STRING", {"columnNameOfCorruptRecord": "bad"})
case("json_read", "corrupt column of another name, session", C, "a INT, b INT, bad STRING", conf={"spark.sql.columnNameOfCorruptRecord": "bad"})
case("json_read", "corrupt column name differs in case", C, "a INT, b INT, BAD STRING", {"columnNameOfCorruptRecord": "bad"})
case("json_read", "corrupt column not named", C, "a INT, b INT, bad STRING")
case("json_read", "corrupt column of wrong type", C, "a INT, b INT, _corrupt_record INT")
case("json_read", "corrupt column not null", C, "a INT, b INT, _corrupt_record STRING NOT NULL")
case("json_read", "corrupt column as a field of the data", '{"a":1,"_corrupt_record":"mine"}\n{"a":"x","_corrupt_record":"mine"}\n', "a INT, _corrupt_record STRING")
case("json_read", "corrupt column alone", C, "a INT, _corrupt_record STRING", select=["_corrupt_record"])
case("json_read", "corrupt column and a constant", C, "a INT, _corrupt_record STRING", select=["_corrupt_record", "1"])
case("json_read", "only a corrupt column in the schema", C, "_corrupt_record STRING")
case("json_read", "pruned: bad field not read", C, "a INT, b INT, _corrupt_record STRING", select=["b"])
case("json_read", "pruned: bad field not read, with corrupt", C, "a INT, b INT, _corrupt_record STRING", select=["b", "_corrupt_record"])
case("json_read", "pruned: DROPMALFORMED", C, "a INT, b INT", {"mode": "DROPMALFORMED"}, select=["b"])
case("json_read", "pruned: FAILFAST", '{"a":1,"b":2}\n{"a":"x","b":2}\n', "a INT, b INT", {"mode": "FAILFAST"}, select=["b"])
case("json_read", "no column needed", C, "a INT, b INT", select=["1"])
case("json_read", "no column needed, DROPMALFORMED", C, "a INT, b INT", {"mode": "DROPMALFORMED"}, select=["1"])
case("json_read", "no column needed, FAILFAST", C, "a INT, b INT", {"mode": "FAILFAST"}, select=["1"])
case("json_read", "no column needed, array line", '[{"a":1},{"a":2}]\n[]\n\n{}\n', "a INT, b INT", select=["1"])
case("json_read", "count", C, "a INT, b INT", select=["count(*)"])
case("json_read", "count DROPMALFORMED", C, "a INT, b INT", {"mode": "DROPMALFORMED"}, select=["count(*)"])
case("json_read", "count of blank lines and arrays", '[{"a":1},{"a":2}]\n[]\n\n  \n{}\nbad\n', "a INT, b INT", select=["count(*)"])
case("json_read", "count of a column", C, "a INT, b INT", select=["count(a)", "sum(b)"])
case("json_read", "nested pruning", '{"s":{"x":"bad","y":1}}\n{"s":{"x":2,"y":3}}\n', "s STRUCT<x:INT,y:INT>, _corrupt_record STRING", select=["s.y"])
case("json_read", "not null column absent", '{"a":1}\n{}\n', "a INT NOT NULL, b INT NOT NULL")
case("json_read", "not null nested absent", '{"s":{"x":1}}\n{"s":{}}\n{"s":null}\n', "s STRUCT<x: INT NOT NULL> NOT NULL, _corrupt_record STRING")
case("json_read", "not null kept by respecting nullability", '{"a":1}\n{}\n', "a INT NOT NULL", conf={"spark.sql.legacy.respectNullabilityInTextDatasetConversion": "true"})
case("json_read", "case differing columns", '{"A":1,"a":2}\n{"a":3}\n{"A":4}\n', "a INT")
case("json_read", "case differing columns, caseSensitive", '{"A":1,"a":2}\n{"a":3}\n{"A":4}\n', "a INT, A INT", conf={"spark.sql.caseSensitive": "true"})
case("json_read", "duplicate columns in the schema", '{"a":1}\n', "a INT, A INT")
case("json_read", "duplicate columns exactly", '{"a":1}\n', "a INT, a INT")
case("json_read", "column with dot and space", '{"a.b":1,"c d":2,"":3}\n', "`a.b` INT, `c d` INT")
case("json_read", "non-ASCII column", '{"\u00e9":1,"\u6f22":2}\n{"\\u00e9":5}\n', "`\u00e9` INT, `\u6f22` INT")
case("json_read", "empty file", "", "a INT")
case("json_read", "empty file multiLine", "", "a INT", {"multiLine": "true"})
case("json_read", "blank file multiLine", " \n ", "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "only blank lines", "\n\n  \n\t\n", "a INT, _corrupt_record STRING")
case("json_read", "blank and white lines", '{"a":1}\n\n   \n\t\n{"a":2}\n\u00a0\n{"a":3}\n\u3000\n\x0b\n\x0c\n\x1f\n', "a INT, _corrupt_record STRING")
case("json_read", "blank lines FAILFAST", '{"a":1}\n\n   \n\t\n{"a":2}\n', "a INT", {"mode": "FAILFAST"})
case("json_read", "no newline at end", '{"a":1}\n{"a":2}', "a INT")
case("json_read", "CRLF", '{"a":1}\r\n{"a":2}\r\nbad\r\n', "a INT, _corrupt_record STRING")
case("json_read", "lone CR", '{"a":1}\r{"a":2}\rbad', "a INT, _corrupt_record STRING")
case("json_read", "CR LF mixed", '{"a":1}\n\r{"a":2}\r\r\n{"a":3}\n', "a INT, _corrupt_record STRING")
case("json_read", "other line ends", '{"a":1}\u2028{"a":2}\u0085{"a":3}\x0b{"a":4}\x0c{"a":5}\n', "a INT, _corrupt_record STRING")
case("json_read", "CR in a string", '{"b":"x\ry"}\n', "b STRING, _corrupt_record STRING")
case("json_read", "BOM at file start", '\ufeff{"a":1}\n{"a":2}\n', "a INT, _corrupt_record STRING")
case("json_read", "BOM on the second line", '{"a":1}\n\ufeff{"a":2}\n', "a INT, _corrupt_record STRING")
case("json_read", "BOM multiLine", '\ufeff{"a":1}', "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "UTF-16LE with BOM", b"\xff\xfe" + '{"a":1}\n{"a":2}\n'.encode("utf-16-le"), "a INT, _corrupt_record STRING")
case("json_read", "UTF-16LE with BOM multiLine", b"\xff\xfe" + '[{"a":1},{"a":2}]'.encode("utf-16-le"), "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "UTF-16 encoding option", '{"a":"\u00e9"}\n{"a":"y"}\n'.encode("utf-16-le"), "a STRING, _corrupt_record STRING", {"encoding": "UTF-16LE", "lineSep": "\n"})
case("json_read", "UTF-16 encoding option without lineSep", '{"a":1}\n{"a":2}\n'.encode("utf-16-le"), "a INT", {"encoding": "UTF-16LE"})
case("json_read", "UTF-16 in multiLine", '{"a":"\u00e9"}'.encode("utf-16"), "a STRING, _corrupt_record STRING", {"encoding": "UTF-16", "multiLine": "true"})
case("json_read", "UTF-32 line mode", '{"a":1}\n'.encode("utf-32"), "a INT", {"encoding": "UTF-32"})
case("json_read", "ISO-8859-1", '{"a":"\u00e9"}\n'.encode("latin-1"), "a STRING, _corrupt_record STRING", {"encoding": "ISO-8859-1"})
case("json_read", "charset option", '{"a":"\u00e9"}\n'.encode("latin-1"), "a STRING", {"charset": "ISO-8859-1"})
case("json_read", "ISO-8859-1 with lineSep", '{"a":"\u00e9"}\n{"a":"x"}\n'.encode("latin-1"), "a STRING, _corrupt_record STRING", {"encoding": "ISO-8859-1", "lineSep": "\n"})
case("json_read", "charset option with lineSep", '{"a":"\u00e9"}\n'.encode("latin-1"), "a STRING", {"charset": "ISO-8859-1", "lineSep": "\n"})
case("json_read", "ISO-8859-1 multiLine", '{"a":"\u00e9"}'.encode("latin-1"), "a STRING", {"encoding": "ISO-8859-1", "multiLine": "true"})
case("json_read", "UTF-16BE with BOM and lineSep", b"\xfe\xff" + '{"a":"\u00e9"}\n{"a":"y"}\n'.encode("utf-16-be"), "a STRING, _corrupt_record STRING", {"encoding": "UTF-16BE", "lineSep": "\n"})
case("json_read", "UTF-32 multiLine", '[{"a":1},{"a":2}]'.encode("utf-32"), "a INT, _corrupt_record STRING", {"encoding": "UTF-32", "multiLine": "true"})
case("json_read", "windows-1252", '{"a":"\u20ac"}\n'.encode("cp1252"), "a STRING", {"encoding": "windows-1252"})
case("json_read", "unknown encoding", '{"a":1}\n', "a INT", {"encoding": "nonsense"})
case("json_read", "UTF-8 by option", '{"a":"\u00e9"}\n', "a STRING", {"encoding": "UTF-8"})
case("json_read", "invalid UTF-8", b'{"a":"\xff"}\n{"a":"\xc3"}\n{"a":"\xe2\x82"}\n{"a":"ok"}\n{"a":"\xed\xa0\x80"}\n{"a":"\xc0\x80"}\n{"a":"\xf8\x88\x80\x80\x80"}\n{"a":"\xf4\x90\x80\x80"}\n', "a STRING, _corrupt_record STRING")
case("json_read", "invalid UTF-8 with encoding", b'{"a":"\xff"}\n{"a":"\xc3"}\n{"a":"ok"}\n', "a STRING, _corrupt_record STRING", {"encoding": "UTF-8"})
case("json_read", "invalid UTF-8 in a key", b'{"\xff":1,"a":"ok"}\n', "a STRING, _corrupt_record STRING")
case("json_read", "invalid UTF-8 outside strings", b'{"a":"ok"}\xff\n\xff{"a":"x"}\n{"a":"last"}\n', "a STRING, _corrupt_record STRING")
case("json_read", "invalid UTF-8 in an unread field", b'{"z":"\xff","a":"ok"}\n', "a STRING, _corrupt_record STRING")
case("json_read", "lineSep pipe", '{"a":1}|{"a":2}|\n{"a":3}', "a INT, _corrupt_record STRING", {"lineSep": "|"})
case("json_read", "lineSep two characters", '{"a":1}||{"a":2}|{"a":3}', "a INT, _corrupt_record STRING", {"lineSep": "||"})
case("json_read", "lineSep LF with CR in the data", '{"a":1}\r\n{"a":2}\r{"a":3}\n', "a INT, _corrupt_record STRING", {"lineSep": "\n"})
case("json_read", "lineSep empty", '{"a":1}\n', "a INT", {"lineSep": ""})
case("json_read", "multiLine object", '{\n "a": 1,\n "b": "x"\n}\n', "a INT, b STRING", {"multiLine": "true"})
case("json_read", "multiLine array", '[\n{"a":1},\n{"a":2}\n]\n', "a INT, b STRING", {"multiLine": "true"})
case("json_read", "multiLine two objects", '{"a":1}\n{"a":2}\n', "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "multiLine bad", '{"a":1,\n"b"\n}', "a INT, b STRING, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "multiLine bad FAILFAST", '{"a":1,\n"b"\n}', "a INT, b STRING", {"multiLine": "true", "mode": "FAILFAST"})
case("json_read", "multiLine array with a bad element", '[{"a":1},\n{"a":"x"},{"a":3}]', "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "multiLine garbage after", '{"a":1} x', "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "multiLine empty array", "[]", "a INT, _corrupt_record STRING", {"multiLine": "true"})
case("json_read", "multiLine scalar", "5", "a INT, _corrupt_record STRING", {"multiLine": "true"})
GZ = gzip.compress(b'{"a":1}\n{"a":2}\n', mtime=0)
case("json_read", "gzip by name", GZ, "a INT, _corrupt_record STRING", file="part.json.gz")
case("json_read", "gzip by name, two members", GZ + GZ, "a INT, _corrupt_record STRING", file="part.json.gz")
case("json_read", "gzip by name, not gzip", '{"a":1}\n', "a INT, _corrupt_record STRING", file="part.json.gz")
case("json_read", "gzip by name, truncated", GZ[:-9], "a INT, _corrupt_record STRING", file="part.json.gz")
case("json_read", "gzip without the name", GZ, "a INT", file="part.json")
case("json_read", "gzip multiLine", gzip.compress(b'[{"a":1},{"a":2}]', mtime=0), "a INT", {"multiLine": "true"}, file="x.json.gz")
case("json_read", "hidden files", [("_hidden.json", '{"a":1}\n'), (".hidden.json", '{"a":2}\n'), ("seen.txt", '{"a":3}\n'), ("x.json._COPYING_", '{"a":4}\n'), ("noext", '{"a":5}\n'), ("_SUCCESS", "")], "a INT", select=["sort_array(collect_list(a))"])
case("json_read", "pathGlobFilter", [("a.json", '{"a":1}\n'), ("b.txt", '{"a":2}\n')], "a INT", {"pathGlobFilter": "*.json"})
case("json_read", "empty folder", [], "a INT")
case("json_read", "empty folder, no schema", [], None)
F = '{"a":1,"b":"x"}\n'
FLAGS = {
    "allowComments": ['{"a":1,/* c */"b":"x"}', '{"a":1,"b":"x"} // c', '// c\n{"a":1}', '{"a":1} # c', '/* open'],
    "allowSingleQuotes": ["{'a':1,'b':'x'}", "{'a':1,'b':\"it's\"}", "{'a':1,'b':'say \"hi\"'}", "{'a':1,'b':'it\\'s'}"],
    "allowUnquotedFieldNames": ["{a:1,b:\"x\"}", "{a$_1:1}", "{a-b:1}", "{1a:1}", "{\u00e9:1}", "{a : 1}"],
    "allowNumericLeadingZeros": ['{"a":007}', '{"a":00}', '{"a":-007}', '{"a":00.5}', '{"a":0}'],
    "allowNonNumericNumbers": ['{"a":1,"d":NaN}', '{"d":Infinity}', '{"d":-Infinity}', '{"d":+Infinity}', '{"d":INF}', '{"d":-INF}', '{"d":+INF}', '{"d":nan}', '{"d":"NaN"}', '{"d":"Infinity"}', '{"d":"-INF"}', '{"d":"+INF"}', '{"d":"inf"}', '{"a":NaN}', '{"b":NaN}', '{"d":-NaN}'],
    "allowBackslashEscapingAnyCharacter": ['{"b":"\\q"}', '{"b":"\\\'"}', '{"b":"\\u00zz"}', '{"b":"\\ "}', '{"b":"\\0"}'],
    "allowUnquotedControlChars": ['{"b":"x\ty"}', '{"b":"x\u0001y"}', '{"b":"x\u0000y"}', '{"b\t":1}', '{"b":"x\u001fy"}'],
}
for flag, texts in FLAGS.items():
    for value in ("true", "false"):
        case("json_read", "%s=%s" % (flag, value), "\n".join(texts) + "\n", "a INT, b STRING, d DOUBLE, _corrupt_record STRING", {flag: value})
    case("json_read", "%s by default" % flag, "\n".join(texts) + "\n", "a INT, b STRING, d FLOAT, _corrupt_record STRING")
case("json_read", "bad option value", F, "a INT", {"multiLine": "maybe"})
case("json_read", "bad option value allowComments", F, "a INT", {"allowComments": "1"})
case("json_read", "unknown option", F, "a INT", {"nonsense": "1"})
case("json_read", "bad maxFilesPerTrigger in batch", F, "a INT", {"maxFilesPerTrigger": "0"})
case("json_read", "bad samplingRatio", F, None, {"samplingRatio": "0"})
case("json_read", "bad locale", F, "a INT", {"locale": "zz-nonsense-q"})
case("json_read", "bad timeZone", F, "a TIMESTAMP", {"timeZone": "Mars/Base"})
case("json_read", "unparsable schema", F, "a INTT")
case("json_read", "unparsable schema, syntax", F, "a INT,, b INT")
case("json_read", "empty schema", F, "")
case("json_read", "json schema text", F, '{"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}}]}')
case("json_read", "map with int keys", '{"m":{"1":2}}\n', "m MAP<INT,INT>")
case("json_read", "maps", '{"m":{"a":1,"a":2,"b":null}}\n{"m":{}}\n{"m":null}\n{"m":{"a":"x"}}\n{"m":[1]}\n{"m":{"A":1,"a":2}}\n', "m MAP<STRING,INT>, _corrupt_record STRING")
case("json_read", "map duplicate keys LAST_WIN", '{"m":{"a":1,"a":2,"b":3}}\n', "m MAP<STRING,INT>", conf={"spark.sql.mapKeyDedupPolicy": "LAST_WIN"})
case("json_read", "arrays", '{"r":[1,"x",3]}\n{"r":[1,null]}\n{"r":5}\n{"r":{"a":1}}\n{"r":[[1]]}\n{"r":"[1]"}\n{"r":[1,\n', "r ARRAY<INT>, z INT, _corrupt_record STRING")
case("json_read", "array of structs from an object", '{"r":{"a":1}}\n{"r":[{"a":1},{"a":"x"},{}]}\n', "r ARRAY<STRUCT<a:INT>>, _corrupt_record STRING")
case("json_read", "structs", '{"s":{"x":1,"y":"q"}}\n{"s":{"x":"bad","y":"q"}}\n{"s":{}}\n{"s":null}\n{"s":[]}\n{"s":[{"x":1}]}\n{"s":"{}"}\n{"s":{"X":7}}\n{"s":{"y":"q","x":{"z":1}}}\n', "s STRUCT<x:INT,y:STRING>, z INT, _corrupt_record STRING")
case("json_read", "structs deep", '{"s":{"t":{"u":{"v":1,"w":"bad"},"k":2},"l":3},"m":4}\n', "s STRUCT<t:STRUCT<u:STRUCT<v:INT,w:INT>,k:INT>,l:INT>, m INT, _corrupt_record STRING")
case("json_read", "partial results", '{"a":1,"b":"bad","c":3}\n{"a":"bad","b":2,"c":"bad"}\n{"a":1,"b":2,"c":\n{"a":1,"b":2\n', "a INT, b INT, c INT, _corrupt_record STRING")
case("json_read", "partial results off", '{"a":1,"b":"bad","c":3}\n{"a":"bad","b":2,"c":"bad"}\n{"a":1,"b":2,"c":\n{"a":1,"b":2\n', "a INT, b INT, c INT, _corrupt_record STRING", conf={"spark.sql.json.enablePartialResults": "false"})
case("json_read", "empty string for types", '{"i":"","d":"","t":"","dt":"","b":"","n":"","s":"","bin":"","f":""}\n', "i INT, d DOUBLE, t TIMESTAMP, dt DATE, b BOOLEAN, n DECIMAL(5,2), s STRING, bin BINARY, f FLOAT, _corrupt_record STRING")
case("json_read", "empty string for types, legacy", '{"i":"","d":"","t":"","dt":"","b":"","n":"","s":""}\n', "i INT, d DOUBLE, t TIMESTAMP, dt DATE, b BOOLEAN, n DECIMAL(5,2), s STRING, _corrupt_record STRING", conf={"spark.sql.legacy.json.allowEmptyString.enabled": "true"})
case("json_read", "nested nulls", '{"a":null,"s":{"x":null},"r":[null],"m":{"k":null}}\n', "a INT, s STRUCT<x:INT>, r ARRAY<INT>, m MAP<STRING,INT>")
case("json_read", "useUnsafeRow", '{"a":1}\n', "a INT", {"useUnsafeRow": "true"})
case("json_read", "input file metadata", '{"a":1}\n', "a INT", select=["a", "_metadata.file_name", "_metadata.file_size", "_metadata.file_block_start"])
case("json_read", "partition columns from folders are absent here", '{"a":1}\n', "a INT, p INT")
for name, text in {"scalars": '{"a":1,"b":"x","c":true,"d":1.5,"e":null}\n{"a":5000000000,"d":1}\n', "mixed": '{"a":1}\n{"a":"x"}\n{"a":true}\n', "nested": '{"s":{"x":1},"r":[1,2.5]}\n{"s":{"y":"z"},"r":[]}\n', "bad": '{"a":1}\nbad\n', "all null": '{"a":null,"b":[],"c":{}}\n', "dates": '{"d":"2016-07-25","t":"2016-07-25T21:45:07Z"}\n', "order": '{"z":1,"a":2}\n', "bignum": '{"a":12345678901234567890,"b":1e400,"c":0.1}\n', "arrays": '[{"a":1},{"b":2}]\n', "empty": "\n"}.items():
    for options in ({}, {"primitivesAsString": "true"}, {"prefersDecimal": "true"}, {"dropFieldIfAllNull": "true"}, {"inferTimestamp": "true"}, {"mode": "DROPMALFORMED"}, {"mode": "FAILFAST"}, {"prefersDate": "true"}):
        case("json_read", "inferred: %s %s" % (name, json.dumps(options)), text, None, options)
case("json_read", "events", '{"time":1469501107,"action":"Open"}\n{"time":1469501147,"action":"Close"}\n{"action":"Open","time":"2016-07-26T02:45:07Z"}\n{ "time" : 1469501107 , "action" : "Op\\u0065n" , "x":[1,{"y":2}] }\n', "time TIMESTAMP, action STRING", conf={"spark.sql.session.timeZone": "America/Chicago"})
