# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of Spark's CSV reader. The answers are in tests/golden/csv_*.jsonl."""

import base64

TOPICS = {"csv_read": [], "csv_types": [], "csv_infer": []}


def case(topic, name, text, schema=None, options=None, conf=None, select=None, file="part.csv"):
    if isinstance(text, (str, bytes)):
        text = [(file, text)]
    files = [
        {"name": n, "text": t} if isinstance(t, str) else {"name": n, "b64": base64.b64encode(t).decode()}
        for n, t in text
    ]
    TOPICS[topic].append(
        {"name": name, "files": files, "schema": schema, "options": options or {}, "conf": conf, "select": select}
    )


S3 = "a STRING, b STRING, c STRING"
S3C = S3 + ", _corrupt_record STRING"

# ---------------------------------------------------------------- the grammar: one record a line
LINES = [
    'a,b,c', 'a,b', 'a', 'a,b,c,d', ',,', ',', 'a,,', ',b,', ',,c', ' a , b , c ', '\ta\t,\tb\t,\tc\t', '   ', '\t', ' , , ',
    '"a","b","c"', '"",b,c', '"","",""', '"a,b",c,d', '"a""b",c,d', '"a\\"b",c,d', '"a\\\\",c,d', '"a\\\\b",c,d', '"a\\b",c,d', '"a\\,b",c,d', '"a\\\\"b",c,d', '"a\\\\\\"b",c,d',
    'a"b,c,d', 'a"b"c,d,e', '"a"b,c,d', '"a"b"c,d,e', '"a" ,b,c', '"a"  b,c,d', ' "a",b,c', ' "a" , "b" , "c" ', '"a" "b",c,d', '"a"" b",c,d', '"a" b" c,d,e', '"a"b,c",d',
    '"abc', '"a,b,c', '"a","b","c', 'a,"b', 'a,"b,c', 'a,b,"', '"', '""', '"""', '""""', '"""""', '""a"",b,c', '"""a""",b,c', '"a""",b,c', '"a"""b,c,d', '"a"",b,c',
    'a,b,"c"', 'a,b,"c" ', 'a,b,"c"x', 'a,b,"c"x y', 'a,b,""', 'a,b,"" ', 'a,"",c', 'a,"" ,c', 'a, "",c', 'a," ",c', 'a," b ",c', '" a "," b "," c "',
    "'a','b','c'", '#a,b,c', ' #a,b,c', '#', 'a\\,b,c', 'a\\"b,c,d', '\\"a,b,c', '\\,a,b', 'a,\\,b', 'a,b,\\', '"a\\', '"a\\"', '"a\\",b,c', '"\\"",b,c', '"\\\\",b,c', '"\\\\"",b,c',
    'null,NULL,\\N', 'é,漢字,😀', '"é","漢""字","😀"', 'a|b|c', 'a;b;c', 'a::b::c', 'a\u00a0,b,c', 'x\x00y,b,c', '\x01,\x02,\x1f', 'a,b,c,', 'a,b,c,,', 'a,b,,', ',a,b', ',,,',
    '"a"\t,b,c', '"a"\x0b,b,c', '"a",,"c"', '"a", ,"c"', '"a" x"y",b,c', '"a"x,"b"y,"c"z', '"a,b"c,d",e', '"a"b,"c,d"', '1,"2""3",4', '"""",b,c', '"","""",c', '"a""b""c","d""",e',
]
TEXT = "\n".join(LINES) + "\n"
GRAMMAR = [
    {}, {"header": "true"}, {"ignoreLeadingWhiteSpace": "true"}, {"ignoreTrailingWhiteSpace": "true"},
    {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, {"quote": "'"}, {"quote": ""}, {"quote": "\u0000"}, {"escape": '"'}, {"escape": ""}, {"escape": "\u0000"}, {"escape": "|"},
    {"charToEscapeQuoteEscaping": "\\"}, {"charToEscapeQuoteEscaping": "|", "escape": "|"}, {"charToEscapeQuoteEscaping": "\u0000"}, {"escape": '"', "charToEscapeQuoteEscaping": "\\"}, {"comment": "#"}, {"comment": "a"}, {"comment": '"'},
    {"sep": "|"}, {"sep": ";"}, {"sep": "::"}, {"sep": "\\t"}, {"delimiter": "\t"}, {"sep": " "}, {"sep": "é"}, {"sep": '"'}, {"sep": "a"},
    {"nullValue": "a"}, {"nullValue": "null"}, {"nullValue": "\\N"}, {"emptyValue": "EMPTY"}, {"emptyValue": "a", "nullValue": "a"}, {"nullValue": "NULL", "emptyValue": ""}, {"nullValue": ""}, {"nullValue": "-"},
    {"unescapedQuoteHandling": "STOP_AT_CLOSING_QUOTE"}, {"unescapedQuoteHandling": "BACK_TO_DELIMITER"}, {"unescapedQuoteHandling": "STOP_AT_DELIMITER"}, {"unescapedQuoteHandling": "SKIP_VALUE"}, {"unescapedQuoteHandling": "stop_at_closing_quote", "escape": '"'}, {"unescapedQuoteHandling": "SKIP_VALUE", "escape": '"'}, {"unescapedQuoteHandling": "BACK_TO_DELIMITER", "escape": '"'},
    {"unescapedQuoteHandling": "STOP_AT_CLOSING_QUOTE", "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, {"unescapedQuoteHandling": "BACK_TO_DELIMITER", "ignoreLeadingWhiteSpace": "true"},
    {"mode": "DROPMALFORMED"}, {"mode": "PERMISSIVE"}, {"mode": "nonsense"}, {"sep": "::", "ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, {"sep": ",", "quote": "'", "escape": "'"},
    {"maxCharsPerColumn": "3"}, {"maxColumns": "3"}, {"maxColumns": "4"}, {"columnNameOfCorruptRecord": "c"},
]
for o in GRAMMAR:
    case("csv_read", "grammar %s" % o, TEXT, S3C if o.get("mode") != "DROPMALFORMED" else S3, o)
case("csv_read", "grammar, RAISE_ERROR", 'a,b,c\n"a"b,c,d\n', S3C, {"unescapedQuoteHandling": "RAISE_ERROR"})
case("csv_read", "grammar, no corrupt column", TEXT, S3)
case("csv_read", "grammar, lines of CRLF", TEXT.replace("\n", "\r\n"), S3C)
case("csv_read", "grammar, lines of CR", TEXT.replace("\n", "\r"), S3C)
for select in (["b"], ["c", "a"], ["a", "_corrupt_record"], ["1"], ["count(*)"]):
    for o in ({}, {"mode": "DROPMALFORMED"}, {"multiLine": "true"}, {"multiLine": "true", "mode": "DROPMALFORMED"}, {"columnPruning": "false"}):
        case("csv_read", "pruned %s %s" % (select, o), TEXT if not o.get("multiLine") else "a,b,c\na,b\na\na,b,c,d\n\n  \n,,\n", S3C, o, select=select)
        if "_corrupt_record" not in select:
            case("csv_read", "pruned without corrupt column %s %s" % (select, o), TEXT if not o.get("multiLine") else "a,b,c\na,b\na\na,b,c,d\n\n  \n,,\n", S3, o, select=select)
case("csv_read", "pruned, columnPruning off by session", "1,2,3\n1\n1,2,3,4\n", S3, {"mode": "DROPMALFORMED"}, {"spark.sql.csv.parser.columnPruning.enabled": "false"}, ["a"])

# ---------------------------------------------------------------- multiLine
MULTI = [
    "a,b,c\nd,e,f\n", "a,b,c\r\nd,e,f\r\n", "a,b,c\rd,e,f\r", "a,b,c\n\nd,e,f\n\n", "\n\na,b,c\n", '"a\nb",c,d\ne,f,g\n', '"a\r\nb",c,d\r\ne,f,g\r\n', '"a\rb",c,d\re,f,g\r', '"a\r\nb",c,d\ne,f,g\n', 'a,b,c\n"a\r\nb",c,d\r\n', '"a""\n""b",c,d\n', '"a\nb,c,d\ne,f,g\n', 'a,"b\n', 'a,"b\nc"x,d\ne,f,g\n',
    'a,b,c\n"', 'a,b,c\n""', 'a,b,c\n"d",e,f', 'a,b,c\nd,e,f', 'a,b,c\nd,e,', 'a,b,c\nd,e', 'a,b,c\n ', 'a,b,c\n,', ' a , "b" , c \n "d\n e" ,f,g\n', '"a" \n"b",c,d\n', '"a"\n', 'a\n', '\ufeffa,b,c\nd,e,f\n', '#c\na,b,c\n#"x\ny,z"\n', 'a,b,c\n   \nd,e,f\n', '"a\\\n",b,c\n', 'a,b,"c\n"\nd,e,f\n', 'a,b,"c"\nd,e,"f"\n', '"a"x\ny,b,c\n', '"a" x\ny",b,c\nd,e,f\n', '', '\n', '"x\n\ny",b,c\n', 'é,"漢\n字",😀\n',
]
for o in ({}, {"header": "true"}, {"escape": '"'}, {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, {"comment": "#"}, {"lineSep": "\n"}, {"lineSep": "\r\n"}, {"lineSep": "\r"}, {"unescapedQuoteHandling": "STOP_AT_CLOSING_QUOTE"}, {"unescapedQuoteHandling": "BACK_TO_DELIMITER"}, {"unescapedQuoteHandling": "SKIP_VALUE"}, {"sep": "::"}, {"mode": "DROPMALFORMED"}):
    for i, text in enumerate(MULTI):
        if o in ({}, {"header": "true"}, {"escape": '"'}) or i in (1, 4, 5, 6, 7, 8, 9, 11, 13, 22, 27, 32, 33):
            case("csv_read", "multiLine %d %s" % (i, o), text, S3C if o.get("mode") != "DROPMALFORMED" else S3, {"multiLine": "true", **o})

# ---------------------------------------------------------------- lines, headers, encodings
case("csv_read", "lineSep |", "a,b,c|d,e,f\n|g,h,i", S3C, {"lineSep": "|"})
case("csv_read", "lineSep of two", "a,b,c\r\nd,e,f\r\n", S3C, {"lineSep": "\r\n"})
case("csv_read", "lineSep of three", "a,b,c", S3C, {"lineSep": "|||"})
case("csv_read", "lineSep empty", "a,b,c", S3C, {"lineSep": ""})
case("csv_read", "lineSep \\n with \\r in the lines", "a,b,c\r\nd,e,f\r\n", S3C, {"lineSep": "\n"})
case("csv_read", "empty lines", "\n\na,b,c\n\n\n  \n\t\nd,e,f\n\n", S3C)
case("csv_read", "empty lines, header", "\n\na,b,c\n\n\nd,e,f\n", S3C, {"header": "true"})
case("csv_read", "no line end at the end", "a,b,c\nd,e,f", S3C)
case("csv_read", "empty file", "", S3C)
case("csv_read", "header only", "a,b,c\n", S3C, {"header": "true"})
case("csv_read", "header after comments", "#x\n#y\na,b,c\n1,2,3\n", S3C, {"header": "true", "comment": "#"})
case("csv_read", "BOM", "\ufeffa,b,c\n1,2,3\n", S3C)
case("csv_read", "BOM before a header", "\ufeffa,b,c\n1,2,3\n", S3C, {"header": "true", "enforceSchema": "false"})
case("csv_read", "BOM before a quote", '\ufeff"a","b",c\n1,2,3\n', S3C)
HEADERS = ["a,b,c", "A,B,C", "c,b,a", "a,b", "a,b,c,d", "x,y,z", "a,b,", '"a","b","c"', " a, b, c", "a,a,a", ""]
for h in HEADERS:
    for o in ({"enforceSchema": "false"}, {"enforceSchema": "true"}, {"enforceSchema": "false", "multiLine": "true"}):
        case("csv_read", "header %r %s" % (h, o), h + "\n1,2,3\n", S3, {"header": "true", **o})
    case("csv_read", "header %r pruned" % h, h + "\n1,2,3\n", S3, {"header": "true", "enforceSchema": "false"}, select=["b"])
    case("csv_read", "header %r case sensitive" % h, h + "\n1,2,3\n", S3, {"header": "true", "enforceSchema": "false"}, {"spark.sql.caseSensitive": "true"})
case("csv_read", "header in every file", [("1.csv", "a,b,c\n1,2,3\n"), ("2.csv", "a,b,c\n4,5,6\n"), ("3.csv", ""), ("4.csv", "a,b,c\n")], S3C, {"header": "true"})
case("csv_read", "header of other files is not the header", [("1.csv", "a,b,c\n1,2,3\n"), ("2.csv", "c,b,a\n4,5,6\n")], S3C, {"header": "true", "enforceSchema": "false"})
for enc, codec in (("UTF-8", "utf-8"), ("ISO-8859-1", "latin-1"), ("UTF-16", "utf-16"), ("UTF-16LE", "utf-16-le"), ("UTF-16BE", "utf-16-be"), ("UTF-32", "utf-32"), ("US-ASCII", "latin-1"), ("utf8", "utf-8"), ("latin1", "latin-1"), ("nonsense", "utf-8"), ("windows-1252", "cp1252")):
    text = 'a,"é",c\nd,e,ü\n'
    case("csv_read", "encoding " + enc, text.encode(codec), S3C, {"encoding": enc})
    case("csv_read", "encoding %s, multiLine" % enc, text.encode(codec), S3C, {"encoding": enc, "multiLine": "true"})
    case("csv_read", "encoding %s, lineSep" % enc, text.encode(codec), S3C, {"encoding": enc, "lineSep": "\n"})
case("csv_read", "bytes that are no UTF-8", b'a\xff,"b\xc3",c\n\xf0\x9f,\xed\xa0\x80,\xc3\xa9\n', S3C)
case("csv_read", "bytes that are no UTF-8, multiLine", b'a\xff,"b\xc3",c\n\xf0\x9f,\xed\xa0\x80,\xc3\xa9\n', S3C, {"multiLine": "true"})
case("csv_read", "bytes that are no UTF-8 in a bad record", b'a\xff,b\n', S3C)

# ---------------------------------------------------------------- options that are wrong
for o in ({"sep": ""}, {"sep": "\\\\"}, {"sep": "\\"}, {"sep": "\\q"}, {"sep": "\\u0001"}, {"sep": "\\ta"}, {"quote": "ab"}, {"escape": "ab"}, {"comment": "ab"}, {"charToEscapeQuoteEscaping": "ab"}, {"charToEscapeQuoteEscaping": ""}, {"header": "maybe"}, {"inferSchema": "maybe"}, {"maxColumns": "x"}, {"maxColumns": "-1"}, {"maxCharsPerColumn": "x"}, {"unescapedQuoteHandling": "x"}, {"mode": "FAILFAST"}, {"locale": "de-DE"}, {"locale": "!!"}, {"samplingRatio": "x"}, {"multiLine": "x"}, {"enforceSchema": "x"}, {"ignoreLeadingWhiteSpace": "x"}, {"nullValue": "1"}, {"columnNameOfCorruptRecord": "a"}, {"columnNameOfCorruptRecord": "n"}, {"timestampFormat": "bad {"}, {"dateFormat": "YYYY"}, {"preferDate": "x"}, {"sep": ",", "delimiter": ";"}, {"header": "TRUE"}, {"SEP": ";"}, {"comment": ""}, {"comment": "\u0000"}, {"extension": "tsv"}, {"singleVariantColumn": "v"}):
    case("csv_read", "option %s" % o, "1,x,2020-01-01\nq,y,\n", "a INT, b STRING, d DATE, n INT", o)
case("csv_read", "corrupt column of another type", "1,x\n", "a INT, b STRING, _corrupt_record INT")
case("csv_read", "only the corrupt column", "1,x\nz\n", "a INT, b STRING, _corrupt_record STRING", select=["_corrupt_record"])
case("csv_read", "corrupt column in the middle", "1,x\nz,y\n1\n1,2,3\n", "a INT, _corrupt_record STRING, b STRING")
case("csv_read", "corrupt column first", "1,x\nz,y\n1\n1,2,3\n", "_corrupt_record STRING, a INT, b STRING")
case("csv_read", "corrupt column by session", "1,x\nz,y\n1\n1,2,3\n", "a INT, b STRING, bad STRING", conf={"spark.sql.columnNameOfCorruptRecord": "bad"})
for m in ("PERMISSIVE", "DROPMALFORMED", "FAILFAST"):
    for text in ("1,x\n", "z,x\n", "1\n", "1,x,3\n", "z\n", '1,"x\n', "\n"):
        case("csv_read", "mode %s %r" % (m, text), "1,x\n" + text, "a INT, b STRING", {"mode": m})
        case("csv_read", "mode %s %r multiLine" % (m, text), "1,x\n" + text, "a INT, b STRING", {"mode": m, "multiLine": "true"})
case("csv_read", "NOT NULL columns", "1,x\n,y\n2,\n", "a INT NOT NULL, b STRING NOT NULL, _corrupt_record STRING")
case("csv_read", "one column", "a\n\n b\n\"\"\n,\nc,d\n", "a STRING, _corrupt_record STRING")
case("csv_read", "one column multiLine", "a\n\n b\n\"\"\n,\nc,d\n", "a STRING, _corrupt_record STRING", {"multiLine": "true"})
case("csv_read", "unsupported types", "1\n", "a ARRAY<INT>")
for t in ("STRUCT<a:INT>", "MAP<STRING,INT>", "BINARY", "VARIANT", "VOID", "INTERVAL", "INTERVAL DAY", "INTERVAL YEAR", "TIME", "CHAR(3)", "VARCHAR(3)"):
    case("csv_types", "type " + t, "1\n1 day\n12:34\nabcd\nab\n\nYWJj\n1-2\nINTERVAL '1' DAY\n{\"a\":1}\n", "x %s, _corrupt_record STRING" % t, conf={"spark.sql.timeType.enabled": "true"} if t == "TIME" else None)
case("csv_read", "duplicate columns", "1,2\n", "a INT, a INT")
case("csv_read", "gzip and plain", "1,x\n", "a INT, b STRING")

# ---------------------------------------------------------------- every type from every text
TEXTS = ["", '""', " ", "0", "1", "-1", "+1", " 1", "1 ", "127", "128", "-129", "32768", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890123456789",
         "1.0", "1.5", "-1.5", ".5", "5.", "1e2", "1E2", "1e-2", "1e400", "-1e400", "1e-400", "-0", "-0.0", "0.005", "99999999.995", "1e10", "3.5e38", "1d", "1f", "1L", "0x10", "0x1p3", '"1,000.5"', '"1,5"', "1_000", "007", "--1", "+-1", "+", "-", "e", ".",
         "true", "True", "TRUE", "false", "t", "yes", " true", "null", "NULL", "NaN", "nan", "Inf", "-Inf", "+Inf", "Infinity", "-Infinity", "+Infinity", "inf", "INF",
         "2016-07-25", "2016-7-5", "2016-07", "2016", "2016-07-25 21:45:07", "2016-07-25T21:45:07", "2016-07-25T21:45:07Z", "2016-07-25T21:45:07.123456Z", "2016-07-25T21:45:07+02:00", "2016-07-25T21:45:07.123456789", "2016-07-25T21:45:07 GMT", "2016-07-25TGMT", "2016-02-30", "20160725", "25/07/2016", "12:34:56", "12:34", "17000", "abc", "é", "٣", "１", "1 2", "0001-01-01", "9999-12-31", "10000-01-01", "1582-10-10", "2016-07-25T24:00:00", "2016-07-25 America/Chicago", "epoch", "now", "2016-03-13T02:30:00", "2016-11-06T01:30:00"]
KINDS = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(38,18)", "DECIMAL(3,0)", "STRING", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ"]
ALL = "".join("%s,1\n" % t for t in TEXTS)
for t in KINDS:
    case("csv_types", t + " from every text", ALL, "x %s, after INT, _corrupt_record STRING" % t)
    case("csv_types", t + " from every text, nullValue 1", ALL, "x %s, after STRING, _corrupt_record STRING" % t, {"nullValue": "1"})
for t in ("INT", "BOOLEAN", "DOUBLE", "DATE"):
    case("csv_types", t + " in the second column, DROPMALFORMED", "".join("1,%s\n" % x for x in TEXTS), "y INT, x %s" % t, {"mode": "DROPMALFORMED"})
    case("csv_types", t + " before and after", "".join("%s,%s,5\n" % (x, x) for x in TEXTS if "," not in x), "x %s, y STRING, z INT, _corrupt_record STRING" % t)
for t in ("FLOAT", "DOUBLE"):
    case("csv_types", t + " of other words", ALL, "x %s, after INT, _corrupt_record STRING" % t, {"nanValue": "nan", "positiveInf": "inf", "negativeInf": "abc"})
    case("csv_types", t + " emptyValue", ALL, "x %s, after INT, _corrupt_record STRING" % t, {"emptyValue": "0"})
case("csv_types", "white space and numbers", ALL, "x INT, after INT, _corrupt_record STRING", {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"})
DATES = [t for t in TEXTS if ":" in t or "-" in t or "/" in t or t.startswith("2")] + ["Jul 25 2016", "25/07/2016 21:45", "2016-07-25 21:45:07.123", "2016-07-25T21:45:07-0600", " 2016-07-25", "2016-07-25 ", "2016-07-25T21:45:07.1Z"]
for o in ({}, {"dateFormat": "yyyy-MM-dd"}, {"dateFormat": "dd/MM/yyyy"}, {"dateFormat": "MMM d yyyy"}, {"dateFormat": "yyyyMMdd"}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"}, {"timestampFormat": "dd/MM/yyyy HH:mm"}, {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ssZ"}, {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss"}, {"timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSS]"}, {"timeZone": "America/Chicago"}, {"timeZone": "+05:30", "timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"enableDateTimeParsingFallback": "true", "timestampFormat": "yyyy-MM-dd HH:mm:ss", "dateFormat": "dd/MM/yyyy"}, {"enableDateTimeParsingFallback": "false"}):
    text = "".join("%s,%s,%s\n" % (d, d, d) for d in DATES)
    case("csv_types", "dates and timestamps %s" % o, text, "d DATE, t TIMESTAMP, n TIMESTAMP_NTZ, _corrupt_record STRING", o)
    for i, c in enumerate("dtn"):
        case("csv_types", "dates and timestamps %s, %s alone" % (o, c), "".join("%s\n" % d for d in DATES), "x %s, _corrupt_record STRING" % ("DATE", "TIMESTAMP", "TIMESTAMP_NTZ")[i], o)
    case("csv_infer", "dates %s" % o, ",".join(DATES) + "\n", None, {"inferSchema": "true", **o})
    case("csv_infer", "dates after a date %s" % o, ",".join(["2016-07-25"] * len(DATES)) + "\n" + ",".join(DATES) + "\n", None, {"inferSchema": "true", **o})
case("csv_types", "timestamps in Chicago", "".join("%s\n" % d for d in DATES), "x TIMESTAMP, _corrupt_record STRING", conf={"spark.sql.session.timeZone": "America/Chicago"})

# ---------------------------------------------------------------- inference
case("csv_infer", "every text", ",".join(TEXTS) + "\n", None, {"inferSchema": "true"})
case("csv_infer", "every text, dates not preferred", ",".join(TEXTS) + "\n", None, {"inferSchema": "true", "preferDate": "false"})
PAIRS = ["1", "2147483648", "9223372036854775808", "123456789012345678901234567890123456789", "1.5", "NaN", "2016-07-25", "2016-07-25T21:45:07", "2016-07-25T21:45:07Z", "true", "x", ""]
case("csv_infer", "every pair", ",".join(a for a in PAIRS for b in PAIRS) + "\n" + ",".join(b for a in PAIRS for b in PAIRS) + "\n", None, {"inferSchema": "true"})
case("csv_infer", "every pair, then a text", ",".join(a for a in PAIRS for b in PAIRS) + "\n" + ",".join(b for a in PAIRS for b in PAIRS) + "\n" + ",".join(["1.0"] * 144) + "\n", None, {"inferSchema": "true"})
for o in ({}, {"header": "true"}, {"inferSchema": "true"}, {"header": "true", "inferSchema": "true"}):
    for name, text in {
        "simple": "a,b,c\n1,x,2.5\n2,y,3\n", "short rows": "a,b,c\n1\n2,3\n", "long rows": "a,b\n1,2,3\n4,5,6\n", "names twice": "a,A,a,b\n1,2,3,4\n", "empty names": "a,,c,\n1,2,3,4\n", "null names": "a,null,\"\"\n1,2,3\n",
        "empty file": "", "blank lines": "\n\n", "white": "   \n1,2\n", "one line": "1,2,3\n", "quotes": '"a b","c,d"\n1,"x\n', "comment": "#a\n1,2\n", "spaces": " a , b \n 1 , 2 \n", "no end": "a,b\n1,2", "unicode": "é,漢字\n1,2\n", "dots": "a.b,c d\n1,2\n", "all null": "a,b\n,\n,\n", "bom": "\ufeffa,b\n1,2\n", "crlf": "a,b\r\n1,2\r\n", "cr": "a,b\r1,2\r",
    }.items():
        case("csv_infer", "file %s %s" % (name, o), text, None, o)
        case("csv_infer", "file %s %s multiLine" % (name, o), text, None, {**o, "multiLine": "true"})
        if name in ("names twice", "simple"):
            case("csv_infer", "file %s %s case sensitive" % (name, o), text, None, o, {"spark.sql.caseSensitive": "true"})
for name, o in {"nullValue": {"nullValue": "x"}, "nan": {"nanValue": "x"}, "inf": {"positiveInf": "x"}, "no dates": {"preferDate": "false"}, "sep": {"sep": ";"}, "comment": {"comment": "#"}, "white": {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, "FAILFAST": {"mode": "FAILFAST"}, "DROPMALFORMED": {"mode": "DROPMALFORMED"}, "ntz": {"timestampNTZFormat": "yyyy-MM-dd HH:mm:ss"}, "maxColumns": {"maxColumns": "2"}, "sampled wrong": {"samplingRatio": "0"}, "sampled negative": {"samplingRatio": "-1"}, "sampled whole": {"samplingRatio": "1.0"}}.items():
    for header in ("false", "true"):
        case("csv_infer", "options %s header %s" % (name, header), "a,b,c,d\n1,x,2016-07-25,2016-07-25 21:45:07\n2, 5 ,2016-07-26,2016-07-25 21:45:08\n#3,6,2016-07-26,x\n7\n", None, {"inferSchema": "true", "header": header, **o})
case("csv_infer", "timestamps are NTZ by session", "2016-07-25 21:45:07\n", None, {"inferSchema": "true"}, {"spark.sql.timestampType": "TIMESTAMP_NTZ"})
case("csv_infer", "two files", [("1.csv", "a,b\n1,2\n"), ("2.csv", "a,b\n1,x\n")], None, {"inferSchema": "true", "header": "true"})
case("csv_infer", "two files, first empty", [("1.csv", ""), ("2.csv", "a,b\n1,x\n")], None, {"inferSchema": "true", "header": "true"})
case("csv_infer", "two files of other headers", [("1.csv", "a,b\n1,2\n"), ("2.csv", "b,a\n1,x\n")], None, {"inferSchema": "true", "header": "true"})
case("csv_infer", "two files, multiLine", [("1.csv", "a,b\n1,2\n"), ("2.csv", "b,a\n1,\"x\ny\"\n")], None, {"inferSchema": "true", "header": "true", "multiLine": "true"})
case("csv_infer", "pruned", "a,b,c\n1,2,3\nx,5\n", None, {"inferSchema": "true", "header": "true"}, select=["c"])
