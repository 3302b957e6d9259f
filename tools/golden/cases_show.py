# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Dataset.show. truncate 0 stands for truncate=false; the default is 20."""

import re

import cases_expr as ce

CASES = []
TOPICS = {"show": CASES}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}


def case(name, schema, rows, select=None, conf=None, **how):
    if schema and re.search(r"\bTIME\b(?!STAMP)", schema):
        conf = {**(conf or {}), "spark.sql.timeType.enabled": "true"}
    CASES.append({"name": name, "schema": schema, "rows": rows, "select": select, "conf": conf, **how})


for t in ce.TYPES:
    lines = ce.lines_of(t)
    case("type " + t, "x " + t, lines)
    case("type %s, not truncated" % t, "x " + t, lines, truncate=0, conf=CHICAGO if "TIME" in t else None)
    case("type %s nested" % t, "x " + t, lines, ["struct(x, x AS y) AS s", "array(x, NULL, x) AS r", "map('k', x) AS m", "array(struct(x)) AS rs", "map('k', array(x)) AS mr"], truncate=0)
ROWS = ['{"a":%d,"b":"%s"}' % (i, "x" * (i % 30)) for i in range(25)]
for n in (0, 1, 2, 20, 24, 25, 26, 100, -1):
    case("numRows %d of 25" % n, "a INT, b STRING", ROWS, numRows=n)
for t in (0, 1, 2, 3, 4, 5, 10, 20, 25, 1000, -1):
    case("truncate %d" % t, "a INT, b STRING, `a long column name` DOUBLE", ['{"a":123456,"b":"abcdefghijklmnopqrstuvwxyz","a long column name":1.5}', "{}", '{"a":1,"b":""}'], truncate=t)
case("only one row more", "a INT", ['{"a":1}', '{"a":2}'], numRows=1)
case("empty table", "a INT, bb STRING", [])
case("empty table, not truncated", "a INT, bb STRING", [], truncate=0)
case("no columns", "a INT", ["{}"], select=["struct() AS s"])
case("narrow cells", "a INT", ['{"a":1}'], truncate=0)
case("null cells", "a INT, b STRING, c STRUCT<x:INT>", ["{}", '{"b":"null"}', '{"b":"NULL","c":{}}'], truncate=0)
WIDE = ["\u6f22\u5b57", "\uff21\uff22", "\u3042", "\uac00", "e\u0301", "\U0001F600", "\u00e9", "\u20ac", "\u1100", "\ufe30", "\uffe6", "\u2600", "\U00020000", "abc\u6f22", "\u200b", "\u0e01", "\uff71", "\ua4d0", "\u4e00" * 12, "\U0001F600" * 12]
case("wide characters", "s STRING", ce.strs("s", WIDE), truncate=0)
case("wide characters, truncated", "s STRING", ce.strs("s", WIDE))
case("wide characters in names", "`\u6f22\u5b57` STRING, b INT", ['{"\u6f22\u5b57":"x","b":1}'], truncate=0)
case("escaped characters", "s STRING", ce.strs("s", ["a\nb", "a\r\nb", "a\tb", "a\\b", "a\u0007b", "a\bb", "a\u000bb", "a\fb", "a\u0000b", "a\u001bb", "a\u007fb", "a\u0085b", "a\u2028b", "|", "+--+"]), truncate=0)
case("escaped characters in names", "a INT", ['{"a":1}'], select=["a AS `x\ny`", "a AS `p\tq`"], truncate=0)
case("escaped characters, truncated", "s STRING", ce.strs("s", ["aaaaaaaaaaaaaaaaaa\nbbbb", "\n" * 12]))
case("invalid UTF-8", "b BINARY", ['{"b":"/w=="}', '{"b":"Yf9i"}', '{"b":"7aCA"}'], select=["CAST(b AS STRING) AS s", "b"], truncate=0)
case("binary", "b BINARY", ce.lines_of("BINARY"), truncate=0)
for style in ("UTF-8", "BASIC", "BASE64", "HEX", "HEX_DISCRETE"):
    case("binary style " + style, "b BINARY", ce.lines_of("BINARY"), select=["b", "array(b) AS r", "struct(b) AS s", "CAST(b AS STRING) AS t", "map(b, b) AS m"] if style == "HEX" else ["b", "array(b) AS r", "struct(b) AS s"], truncate=0, conf={"spark.sql.binaryOutputStyle": style})
case("windows", "t TIMESTAMP", ce.lines_of("TIMESTAMP")[:2] and ['{"t":"2016-07-25T21:45:07Z"}', "{}"], select=["window(t, '1 hour') AS window", "window(t, '1 hour').start AS start"], truncate=0, conf=CHICAGO)
case("windows, truncated", "t TIMESTAMP", ['{"t":"2016-07-25T21:45:07Z"}'], select=["window(t, '1 hour') AS window"])
case("timestamps with fractions", "t TIMESTAMP", ['{"t":"2016-07-25T21:45:07.%s"}' % f for f in ("1", "10", "100", "123456", "000001", "120000")], truncate=0)
case("maps with null values", "m MAP<STRING,INT>, r ARRAY<STRING>", ['{"m":{"a":null,"b":1},"r":[null,"","a, b","[x]"]}'], truncate=0)
case("struct of everything", "s STRUCT<a:INT,b:STRING,c:ARRAY<INT>,d:MAP<STRING,DOUBLE>,e:DATE,f:DECIMAL(5,2),g:BINARY,h:STRUCT<>,i:BOOLEAN>", ['{"s":{"a":1,"b":"x","c":[1,null],"d":{"k":1e10},"e":"2016-07-25","f":1.5,"g":"YWJj","h":{},"i":true}}', '{"s":{}}'], truncate=0)
case("doubles", "x DOUBLE, y FLOAT", ['{"x":%s,"y":%s}' % (v, v) for v in ce.DOUBLES], numRows=100)
case("vertical", "a INT, b STRING", ROWS[:3], vertical=True)
case("vertical, truncated", "a INT, `long name` STRING", ['{"a":1,"long name":"abcdefghijklmnopqrstuvwxyz"}', "{}"], vertical=True, truncate=10)
case("vertical, more rows", "a INT", ROWS, vertical=True, numRows=2)
case("vertical, empty", "a INT", [], vertical=True)
case("generated names", "a INT, s STRUCT<x:INT>", ['{"a":1,"s":{"x":2}}'], select=["a + 1", "s.x", "a AS `A B`", "-a", "CAST(a AS STRING)", "concat(a, 'x')", "a = 1 AND a > 0", "CASE WHEN a = 1 THEN 'y' ELSE 'n' END", "1.5", "'lit'", "a IN (1, 2)", "NOT a = 1", "a IS NULL", "s", "a BETWEEN 0 AND 1", "-1", "NULL", "true", "DATE'2016-07-25'", "TIMESTAMP'2016-07-25 00:00:00'", "INTERVAL 1 DAY", "X'1F'", "array(1, 2)[0]", "a::STRING", "TRY_CAST(a AS DATE)" if False else "a % 2", "if(a = 1, 2, 3)", "coalesce(a, 0)", "struct(a, 1)", "named_struct('k', a)", "s.x + s.x * 2", "(a + 1) * 2", "a LIKE '1'", "upper('a')", "date_format(TIMESTAMP'2016-07-25 00:00:00', 'yyyy')", "r'raw'", "'it\\'s'", "1L", "1.0D", "1e3", "~a", "!true", "a <=> 1", "a != 1", "a div 2"], truncate=0)
case("generated names of aggregates", "a INT, b STRING", ['{"a":1,"b":"x"}'], select=["count(*)", "count(1)", "count(a)", "count(a, b)", "count(DISTINCT a)", "sum(a)", "avg(a)", "min(b)", "max(a + 1)", "sum(a) + 1", "mean(a)", "first(a)", "count(*) FILTER (WHERE a > 0)", "sum(DISTINCT a)", "count_if(a > 0)"], truncate=0)

CELLS = ['{"a":1,"b":"x"}', "{}", '{"a":-12345,"b":"a longer text than others of this kind"}']
for t in (0, 1, 3, 20, -1):
    case("vertical, truncate %d" % t, "a INT, b STRING", CELLS, vertical=True, truncate=t)
for n in (0, 1, 2, 3, -1):
    case("vertical, numRows %d" % n, "a INT, b STRING", CELLS, vertical=True, numRows=n)
case("vertical, wide characters", "s STRING, `\u6f22\u5b57` INT", ce.strs("s", WIDE), vertical=True, truncate=0, numRows=30)
case("vertical, escaped", "s STRING, `a\tb` INT", ce.strs("s", ["a\nb", "c"]), vertical=True)
case("vertical, no columns", None, [], select=[], vertical=True)
case("vertical, eleven rows", "a INT", ['{"a":%d}' % i for i in range(11)], vertical=True)
for t in ("STRUCT<a:INT,b:STRING>", "ARRAY<INT>", "MAP<STRING,INT>", "BINARY", "TIMESTAMP", "DECIMAL(10,2)", "INTERVAL DAY TO SECOND"):
    case("vertical " + t, "x " + t, ce.lines_of(t), vertical=True, truncate=0)
for n, t in ((20, 20), (20, 0), (2, 5), (1, 20), (0, 20)):
    case("html %d %d" % (n, t), "a INT, b STRING, `<c&\">` STRING", CELLS + ['{"b":"<b>&amp;\\"\'","<c&\\">":"<i>\u6f22"}'], html=True, numRows=n, truncate=t)
case("html, empty", "a INT, b STRING", [], html=True)
case("html, escaped", "s STRING", ce.strs("s", ["a\nb", "c\td", "\u6f22\u5b57"]), html=True)
