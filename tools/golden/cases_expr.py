# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Expression cases: what is asked of Spark. The answers are in tests/golden/expr_*.jsonl."""

import json
import re

OFF = {"spark.sql.ansi.enabled": "false"}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}
TIME_ON = {"spark.sql.timeType.enabled": "true"}  # TIME is off by default in 4.3
TOPICS = {}


def with_time(conf, text):
    """TIME cases run with the type switched on; expr_time_off has what Spark says otherwise."""
    return {**(conf or {}), **TIME_ON} if re.search(r"\bTIME\b(?!STAMP)(?! ZONE)|\b(to|make|current)_time\b", text, re.I) and "time TIMESTAMP" not in text else conf


def narrow(schema, lines, sql):
    """Keep only the columns that a case over scalar columns names: smaller records."""
    words = set(re.findall(r"[a-z0-9]+", re.sub(r"'[^']*'", "", sql)))
    fields = [f.split(" ", 1) for f in re.split(r", (?![0-9])", schema)]
    kept = [f for f in fields if f[0] in words]
    out = []
    for line in lines:
        value = json.loads(line, parse_float=Raw, parse_int=Raw)
        out.append("{%s}" % ",".join('"%s":%s' % (n, v if isinstance(v, Raw) else json.dumps(v)) for n, v in value.items() if n in words))
    return ", ".join(" ".join(f) for f in kept), out


class Raw(str):
    """The text of a JSON number."""


class Topic(list):
    def __init__(self, name):
        super().__init__()
        TOPICS[name] = self
        self.whole = name == "expr_aggregate"  # many rows, one answer
        self.conf = lambda conf, text: conf if name == "expr_time_off" else with_time(conf, text)

    def lit(self, *sqls, conf=None):
        """Expressions without input columns."""
        for sql in sqls:
            used = self.conf(conf, sql)
            self.append({"name": sql + tag(used), "sql": sql, "conf": used})

    def on(self, schema, rows, *sqls, conf=None):
        """Expressions over the rows read from JSON lines."""
        for sql in sqls:
            used = self.conf(conf, schema + " " + sql)
            self.append(
                {"name": sql + tag(used), "sql": sql, "conf": used, "schema": schema, "rows": rows, "whole": self.whole}
            )

    def thin(self, schema, rows, *sqls, conf=None):
        """As `on`, each case with its own columns only."""
        for sql in sqls:
            kept, lines = narrow(schema, rows, sql)
            if kept:
                self.on(kept, lines, sql, conf=conf)
            else:
                self.lit(sql, conf=conf)

    def both(self, schema, rows, *sqls, conf=None):
        """The same with ANSI mode on and off."""
        self.on(schema, rows, *sqls, conf=conf)
        self.on(schema, rows, *sqls, conf={**(conf or {}), **OFF})


def tag(conf):
    return "" if not conf else " " + " ".join("%s=%s" % (k.split(".")[-1] if k.split(".")[-1] != "enabled" else k.split(".")[-2], v) for k, v in sorted(conf.items()))


def col(name, values):
    """JSON lines of one column; values are JSON texts."""
    return ['{"%s":%s}' % (name, v) for v in values]


def strs(name, values):
    return ["{%s:%s}" % (json.dumps(name), json.dumps(v)) for v in values] + ["{}"]


def rows(names, tuples):
    return ["{%s}" % ",".join('"%s":%s' % (n, v) for n, v in zip(names, t) if v is not None) for t in tuples]


def q(text):
    return json.dumps(text)


# ---------------------------------------------------------------- values of every type, as JSON texts
I8 = ["0", "1", "-1", "7", "127", "-128", None]
I16 = ["0", "1", "-1", "300", "32767", "-32768", None]
I32 = ["0", "1", "-1", "70000", "2147483647", "-2147483648", None]
I64 = ["0", "1", "-1", "1469501107", "5000000000", "9223372036854775807", "-9223372036854775808", None]
F32 = ["0.0", "-0.0", "1.5", "-2.75", "3.4028235E38", "1.4E-45", "0.1", "16777217", "123456.789", "1.0E10", "1.0E-5",
       '"NaN"', '"Infinity"', '"-Infinity"', None]
F64 = ["0.0", "-0.0", "1.5", "-2.5", "0.1", "127.9", "128.0", "32767.99", "2147483647.5", "-2147483648.9",
       "9.223372036854775E18", "9.3E18", "1.7976931348623157E308", "4.9E-324", "2.2250738585072014E-308", "1.0E-5",
       "123456.789", "1.0E7", "9999999.0", "0.001", "9.999E-4", '"NaN"', '"Infinity"', '"-Infinity"', None]
DEC = ["0", "0.01", "-1.50", "12345678.90", "99999999.99", "-99999999.99", "127.50", "128.00", None]
TYPES = {
    "BOOLEAN": ["true", "false", None],
    "TINYINT": I8,
    "SMALLINT": I16,
    "INT": I32,
    "BIGINT": I64,
    "FLOAT": F32,
    "DOUBLE": F64,
    "DECIMAL(10,2)": DEC,
    "DECIMAL(38,18)": ["0", "1.000000000000000001", "-12345678901234567890.123456789012345678", "9223372036854775808", None],
    "DECIMAL(38,0)": ["0", "99999999999999999999999999999999999999", "-1", "9223372036854775807", "9223372036854775808", None],
    "STRING": ['""', '"1"', '"abc"', '"2016-07-25"', '"true"', '"1.5"', None],
    "BINARY": ['""', '"AA=="', '"YWJj"', '"AQIDBAUGBwg="', '"AQIDBAUGBwgJ"', '"/w=="', None],
    "DATE": ['"2016-07-25"', '"1969-12-31"', '"0001-01-01"', '"9999-12-31"', '"1582-10-15"', '"1582-10-04"', None],
    "TIMESTAMP": ['"2016-07-25T21:45:07.123456Z"', '"1969-12-31T23:59:59.999999Z"', '"0001-01-01T00:00:00Z"',
                  '"9999-12-31T23:59:59.999999Z"', '"2016-03-13T08:30:00Z"', '"2016-11-06T06:30:00Z"', None],
    "TIMESTAMP_NTZ": ['"2016-07-25T21:45:07.123456"', '"1969-12-31T23:59:59.999999"', '"0001-01-01T00:00:00"',
                      '"9999-12-31T23:59:59.999999"', '"2016-03-13T02:30:00"', '"2016-11-06T01:30:00"', None],
    "TIME": ['"00:00:00"', '"23:59:59.999999"', '"12:34:56.7"', '"01:02"', None],
    "INTERVAL YEAR TO MONTH": ["\"INTERVAL '1-2' YEAR TO MONTH\"", "\"INTERVAL '-0-1' YEAR TO MONTH\"",
                               "\"INTERVAL '178956970-7' YEAR TO MONTH\"", None],
    "INTERVAL DAY TO SECOND": ["\"INTERVAL '1 02:03:04.000005' DAY TO SECOND\"", "\"INTERVAL '-0 00:00:00.5' DAY TO SECOND\"",
                               "\"INTERVAL '106751991 04:00:54.775807' DAY TO SECOND\"", None],
    "INTERVAL": ['"1 year 2 months 3 days 4 hours 5.000006 seconds"', '"-1 days"', None],
    "STRUCT<a:INT,b:STRING>": ['{"a":1,"b":"x"}', '{"b":null}', '{}', None],
    "ARRAY<INT>": ["[1,null,3]", "[]", None],
    "MAP<STRING,INT>": ['{"k":1,"l":null}', "{}", None],
    "VARIANT": ["1", '"x"', "1.5", "true", "null", '{"a":[1,"b"]}', "1e10", None],
}
TARGETS = list(TYPES) + ["INTERVAL DAY", "INTERVAL HOUR TO SECOND", "INTERVAL MONTH", "DECIMAL(4,2)", "DECIMAL(3,3)", "VOID",
                         "CHAR(3)", "VARCHAR(2)", "STRUCT<x:BIGINT,y:INT>", "ARRAY<STRING>", "ARRAY<BOOLEAN>", "MAP<STRING,STRING>", "TIME(0)"]


def lines_of(type_name):
    return rows(["x"], [(v,) for v in TYPES[type_name]])


def simple(type_name):
    return len(TYPES[type_name])


# ---------------------------------------------------------------- casts
cast = Topic("expr_cast")
for source in TYPES:
    for target in TARGETS:
        cast.on("x " + source, lines_of(source), "CAST(x AS %s)" % target)
for source in TYPES:
    for target in TARGETS:
        cast.on("x " + source, lines_of(source), "CAST(x AS %s)" % target, conf=OFF)
trycast = Topic("expr_try_cast")
for source in TYPES:
    trycast.on("x " + source, lines_of(source), *["TRY_CAST(x AS %s)" % target for target in TARGETS])
zoned = Topic("expr_cast_zone")
for zone in ("America/Chicago", "Asia/Kolkata", "-08:00"):
    for source, targets in {
        "TIMESTAMP": ["STRING", "DATE", "TIMESTAMP_NTZ", "BIGINT", "DOUBLE", "DECIMAL(38,18)", "TIME"],
        "TIMESTAMP_NTZ": ["STRING", "DATE", "TIMESTAMP", "TIME"],
        "DATE": ["TIMESTAMP", "TIMESTAMP_NTZ", "STRING"],
        "BIGINT": ["TIMESTAMP"],
        "DOUBLE": ["TIMESTAMP"],
        "DECIMAL(38,18)": ["TIMESTAMP"],
        "BOOLEAN": ["TIMESTAMP"],
    }.items():
        zoned.both("x " + source, lines_of(source), *["CAST(x AS %s)" % t for t in targets],
                   conf={"spark.sql.session.timeZone": zone})

NUMBERS = ["0", "1", "-1", "+1", " 1 ", "\t1\n", "1 2", "", " ", "1.", ".5", ".", "-.5", "+.5", "1.0", "1.9", "-1.9", "127", "128",
           "-128", "-129", "32767", "32768", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807",
           "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e3", "1E3", "1e-3", "1e+3", "1e", "e1", "1e400",
           "-1e400", "1e-400", "0x10", "1L", "1D", "1d", "1f", "1F", "1.5BD", "NaN", "nan", "NAN", "Infinity", "-Infinity", "+Infinity",
           "inf", "-inf", "+INF", "infinity", "1,000", "1_000", "\u0661", "\uff11", "1\u00a0", "\u20031", "00012", "-0", "-0.0",
           "0.1", "123456789012345678901234567890", "0.123456789012345678901234567890", "1.005", "9.995", "99999999.995", "99999999.994",
           "1e38", "1e37", "99999999999999999999999999999999999999", "abc", "null", "NULL", "true", "--1", "+-1", "1\u0000", "\u00001",
           "4.9e-324", "1.7976931348623157e308", "1.7976931348623159e308", "2.4703282292062328e-324", "3.4028235e38", "3.4028236e38",
           "16777217", "0.30000000000000004", "1e22", "1e23", "8.41e21", "5e-324", "2.2250738585072011e-308"]
BOOLS = ["true", "TRUE", "True", "t", "T", "false", "f", "F", "yes", "y", "Y", "no", "n", "N", "1", "0", "on", "off", " true ", "tru",
         "01", "", "\ttrue\n", "tr ue"]
DATES = ["2016-07-25", "2016-7-5", "2016-07", "2016", "20160725", "2016-07-25T", "2016-07-25 12:00:00", "2016-07-25T12:00:00Z",
         "2016-07-25 anything", "2016-07-25x", " 2016-07-25 ", "2016-13-01", "2016-00-01", "2016-02-29", "2015-02-29", "2016-07-32",
         "2016-07-00", "0001-01-01", "0000-01-01", "-0001-01-01", "9999-12-31", "10000-01-01", "+10000-01-01", "+2016-07-25",
         "1234567-01-01", "5881580-07-11", "5881580-07-12", "-5877641-06-23", "-5877641-06-22", "1582-10-10", "16-07-25", "216-07-25",
         "epoch", "now", "today", "tomorrow2", "1970-01-01", "2016/07/25", "2016-07-25-", "2016--25", "", " ", "2016-07-", "2016-",
         "2016-007-25", "2016-07-025", "\u0662016-07-25", "1999-1-1 ", "12:00:00", "2016-07-25T24:00:00", "2016-1"]
STAMPS = ["2016-07-25 21:45:07", "2016-07-25T21:45:07", "2016-07-25T21:45:07Z", "2016-07-25T21:45:07z", "2016-07-25 21:45:07 Z",
          "2016-07-25 21:45:07.1", "2016-07-25 21:45:07.123", "2016-07-25 21:45:07.123456", "2016-07-25 21:45:07.1234567",
          "2016-07-25 21:45:07.123456789", "2016-07-25 21:45:07.1234567891", "2016-07-25 21:45:07.", "2016-07-25 21:45", "2016-07-25 21",
          "2016-07-25 21:", "2016-07-25T", "2016-07-25 ", "2016-07-25", "2016-07", "2016", "2016-7-5 1:2:3", "2016-07-25 21:45:07+01:00",
          "2016-07-25 21:45:07-08:00", "2016-07-25 21:45:07+1", "2016-07-25 21:45:07+01", "2016-07-25 21:45:07+0130",
          "2016-07-25 21:45:07+1:30", "2016-07-25 21:45:07+01:30:15", "2016-07-25 21:45:07+18:00", "2016-07-25 21:45:07+18:01",
          "2016-07-25 21:45:07 America/Chicago", "2016-07-25 21:45:07America/Chicago", "2016-07-25 21:45:07 UTC", "2016-07-25 21:45:07 UTC+1",
          "2016-07-25 21:45:07 GMT+01:00", "2016-07-25 21:45:07 UT", "2016-07-25 21:45:07 PST", "2016-07-25 21:45:07 CST", "2016-07-25 21:45:07 EST",
          "2016-07-25 21:45:07 Foo/Bar", "2016-07-25 21:45:07.5Z", "2016-07-25 24:00:00", "2016-07-25 23:59:60", "2016-07-25 23:60:00",
          "2016-07-25 25:00:00", "2016-02-30 00:00:00", "2016-03-13 02:30:00", "2016-03-13 02:30:00 America/Chicago",
          "2016-11-06 01:30:00", "2016-11-06 01:30:00 America/Chicago", "1969-12-31 23:59:59.999999", "0001-01-01 00:00:00", "0000-01-01 00:00:00",
          "-0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00", "+10000-01-01 00:00:00", "294247-01-10 04:00:54.775807",
          "294247-01-10 04:00:54.775808", "+294247-01-10T04:00:54.775808Z", "-290308-12-21 19:59:05.224192", "1883-11-18 12:03:57 America/Chicago",
          "12:00:00", "T12:00:00", "T12:00:00Z", "12:00", "epoch", "1469501107", "2016-07-25T21:45:07.123Z[UTC]", " 2016-07-25 21:45:07 ",
          "\t2016-07-25 21:45:07\n", "2016-07-25  21:45:07", "2016-07-25T21:45:07 .5", "2016/07/25 21:45:07", "20160725T214507", "", " ", "abc",
          "2016-07-25 21:45:07 +01:00", "2016-07-25 21:45:7", "2016-07-25 1:45:07", "2016-07-25 21:45:07,123", "2016-07-25 21-45-07",
          "2016-07-25 21:45:07Europe/Paris", "2016-07-25 21:45:07 europe/paris", "2016-07-25 21:45:07 +1:2:3"]
TIMES = ["00:00:00", "23:59:59", "12:34", "12", "1:2:3", "12:34:56.1", "12:34:56.123456", "12:34:56.1234567", "24:00:00", "12:60:00", "T12:34:56",
         "12:34:56Z", " 12:34:56 ", "", "abc", "2016-07-25 12:34:56", "1:2 PM", "12:34:56 AM", "12:00:00 PM", "13:00:00 PM", "1:02:03.5 am", "12:34:56.", "0:0:0"]
YM = ["1-2", "-1-2", "+1-2", "1 - 2", "INTERVAL '1-2' YEAR TO MONTH", "interval '1-2' year to month", "INTERVAL -'1-2' YEAR TO MONTH",
      "INTERVAL '-1-2' YEAR TO MONTH", "1", "0-0", "0-12", "178956970-7", "178956970-8", "-178956970-8", "-178956970-9", "INTERVAL '3' MONTH",
      "INTERVAL '3' YEAR", "1 year", "1 year 2 months", "", " 1-2 ", "x", "INTERVAL '1-2' DAY TO SECOND"]
DS = ["1 02:03:04", "1 02:03:04.5", "-1 02:03:04.123456", "1 2:3:4", "1 02:03:04.1234567", "0 00:00:00", "1 24:00:00", "1 23:60:00",
      "INTERVAL '1 02:03:04' DAY TO SECOND", "interval '1 02:03:04' day to second", "INTERVAL -'1 02:03:04' DAY TO SECOND", "INTERVAL '-1 02:03:04' DAY TO SECOND",
      "INTERVAL '1' DAY", "INTERVAL '10' HOUR", "1 day", "1", "02:03:04", "106751991 04:00:54.775807", "106751991 04:00:54.775808",
      "-106751991 04:00:54.775808", "-106751991 04:00:54.775809", "", "x", " 1 02:03:04 ", "1T02:03:04"]
CI = ["1 day", "interval 1 day", "INTERVAL 1 YEAR 2 MONTHS", "1 year 2 months 3 weeks 4 days 5 hours 6 minutes 7.8 seconds", "-1 day", "- 1 day", "1 day -2 hours",
      "+1 day", "1.5 seconds", "1.5 days", "1 dayz", "1 DAYS", "1 day 1 day", "100 milliseconds 3 microseconds", "1 quarter", "", "interval", "1", "day",
      "2147483647 months", "2147483648 months", ".5 seconds", "-.5 second", "1.1234567891 seconds", "  1   day  ", "1 day2 hours", "9223372036854775807 microseconds", "1 millennium"]
stringcast = Topic("expr_cast_string")
for targets, values in (
    (["TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(38,18)", "DECIMAL(38,0)"], NUMBERS),
    (["BOOLEAN"], BOOLS),
    (["DATE"], DATES),
    (["TIMESTAMP", "TIMESTAMP_NTZ"], STAMPS),
    (["TIME", "TIME(0)", "TIME(3)"], TIMES),
    (["INTERVAL YEAR TO MONTH", "INTERVAL MONTH"], YM),
    (["INTERVAL DAY TO SECOND", "INTERVAL DAY", "INTERVAL HOUR TO SECOND"], DS),
    (["INTERVAL"], CI),
):
    for target in targets:
        lines = strs("s", values)
        stringcast.on("s STRING", lines, "TRY_CAST(s AS %s)" % target)
        stringcast.on("s STRING", lines, "CAST(s AS %s)" % target, conf=OFF)
        if target in ("INT", "DOUBLE", "DECIMAL(10,2)", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "TIME", "INTERVAL", "INTERVAL DAY TO SECOND",
                      "INTERVAL YEAR TO MONTH"):
            stringcast.on("s STRING", lines, "CAST(s AS %s)" % target)
for target in ("TIMESTAMP", "DATE", "TIMESTAMP_NTZ"):
    stringcast.on("s STRING", strs("s", STAMPS), "TRY_CAST(s AS %s)" % target, conf=CHICAGO)

# ---------------------------------------------------------------- how doubles and floats print
fmt = Topic("expr_number_format")
DOUBLES = ["0.0", "-0.0", "1.0", "10.0", "100.0", "1000000.0", "9999999.0", "1.0E7", "12345678.9", "1.0E10", "1.0E15", "1.0E16", "1.0E17", "1.0E18", "1.0E21", "1.0E22",
           "1.0E23", "0.1", "0.01", "0.001", "9.99E-4", "1.0E-4", "1.0E-5", "1.0E-10", "123456.789", "1234567.891", "0.30000000000000004", "2.0E-3", "1.1", "100.5", "3.141592653589793",
           "2.2250738585072014E-308", "4.9E-324", "9.9E-324", "1.7976931348623157E308", "8.41E21", "2.0E22", "5.0E-324", "9007199254740993", "9007199254740992", "4611686018427387904",
           "9223372036854775807", "18446744073709551616", "0.5", "1.0E100", "1.234567890123456E-7", "5.551115123125783E-17", "1.0E-300", "2.98023223876953125E-8", "4.35", "1.15", "1e5", "123e-7",
           "3.3", "33.3", "333333333.3", "3.3E33", "4.4501477170144023E-308", "6.02214076E23", "1.6E-35", "1.9400994884341945E25", "1.0E9", "1.2E9", '"NaN"', '"Infinity"', '"-Infinity"']
for type_name in ("DOUBLE", "FLOAT"):
    fmt.on("x " + type_name, rows(["x"], [(v,) for v in DOUBLES]), "x", "CAST(x AS STRING)", "concat(x, '')", "array(x)", "-x", "CAST(x AS DECIMAL(38,10))" if type_name == "DOUBLE" else "CAST(x AS DOUBLE)", "CAST(x AS FLOAT)", "hash(x)", "xxhash64(x)", conf=OFF)
fmt.on("x DECIMAL(38,18)", rows(["x"], [(v,) for v in ["0", "1", "-1", "0.000000000000000001", "-0.000000100000000000", "12345678901234567890.5", "1e10", "1e-10"]]), "x", "CAST(x AS STRING)", "CAST(x AS DOUBLE)", "CAST(x AS FLOAT)", "-x", "array(x)", "hash(x)")
fmt.on("x DECIMAL(7,7)", rows(["x"], [(v,) for v in ["0", "0.0000001", "-0.0000001", "0.5", "0.000001", "0.00001"]]), "x", "CAST(x AS STRING)", "array(x)", "-x", "x * 1")

# ---------------------------------------------------------------- arithmetic
ar = Topic("expr_arithmetic")
OPS = ["+", "-", "*", "/", "%", "div"]
PAIRS = {
    "TINYINT": [("1", "2"), ("127", "1"), ("-128", "1"), ("-128", "-1"), ("7", "0"), ("-7", "2"), ("7", "-2"), ("64", "2"), (None, "1"), ("1", None)],
    "SMALLINT": [("1", "2"), ("32767", "1"), ("-32768", "-1"), ("7", "0"), ("-7", "2"), ("256", "256"), (None, "1")],
    "INT": [("1", "2"), ("2147483647", "1"), ("-2147483648", "1"), ("-2147483648", "-1"), ("7", "0"), ("-7", "2"), ("7", "-2"), ("65536", "65536"), ("0", "0"), (None, "0"), ("1", None)],
    "BIGINT": [("1", "2"), ("9223372036854775807", "1"), ("-9223372036854775808", "1"), ("-9223372036854775808", "-1"), ("7", "0"), ("-7", "2"), ("7", "-2"),
               ("4294967296", "4294967296"), ("9223372036854775807", "2"), ("9007199254740993", "1"), (None, "0")],
    "FLOAT": [("1.5", "2"), ("3.4028235E38", "2"), ("1.0", "0.0"), ("-1.0", "0.0"), ("0.0", "0.0"), ('"NaN"', "1"), ('"Infinity"', '"Infinity"'), ("-7.5", "2"), ("7.5", "-2"), ("0.1", "0.2"), (None, "1")],
    "DOUBLE": [("1.5", "2"), ("1.7976931348623157E308", "2"), ("1.0", "0.0"), ("-1.0", "-0.0"), ("0.0", "0.0"), ('"NaN"', "1"), ('"Infinity"', '"-Infinity"'), ("-7.5", "2"), ("7.5", "-2"), ("0.1", "0.2"),
               ("-0.0", "0.0"), ("-0.0", "-0.0"), ("5", '"Infinity"'), ('"Infinity"', "5"), ("1E19", "1"), (None, "1")],
    "DECIMAL(10,2)": [("1.50", "2.25"), ("99999999.99", "0.01"), ("99999999.99", "99999999.99"), ("7", "0"), ("-7.50", "2"), ("1", "3"), ("2", "3"), (None, "1")],
    "DECIMAL(38,0)": [("1", "3"), ("99999999999999999999999999999999999999", "1"), ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"), ("7", "0"),
                      ("-99999999999999999999999999999999999999", "1"), ("10000000000000000000", "10000000000000000000"), ("1", "99999999999999999999999999999999999999"), (None, "1")],
    "DECIMAL(38,18)": [("1.000000000000000001", "3"), ("99999999999999999999.999999999999999999", "1"), ("99999999999999999999", "99999999999999999999"), ("0.000000000000000001", "0.000000000000000001"),
                       ("12345678901234567890.123456789012345678", "0.000000001"), ("7", "0"), ("-2", "3"), (None, "1")],
}
for name, pairs in PAIRS.items():
    lines = rows(["a", "b"], pairs)
    ar.both("a %s, b %s" % (name, name), lines, *["a %s b" % op for op in OPS])
    ar.both("a %s, b %s" % (name, name), lines, "-a", "+a", "abs(a)", "pmod(a, b)", "try_add(a, b)", "try_subtract(a, b)", "try_multiply(a, b)", "try_divide(a, b)", "try_mod(a, b)")
MIXED = "t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10,2), m DECIMAL(20,10), w DECIMAL(38,30), st STRING, b BOOLEAN, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, nul VOID"
MIXROWS = ['{"t":3,"s":7,"i":11,"l":13,"f":2.5,"d":3.25,"n":4.75,"m":5.0123456789,"w":1.000000000000000000000000000001,"st":"6","b":true,"dt":"2016-07-25","ts":"2016-07-25T21:45:07Z","tn":"2016-07-25T21:45:07"}', "{}"]
MIXCOLS = ["t", "s", "i", "l", "f", "d", "n", "m", "w", "st", "b", "dt", "ts", "tn", "nul"]
for op in OPS:
    for a in MIXCOLS:
        for b in MIXCOLS:
            if op in "-*%" and {a, b} & {"b", "dt", "ts", "tn"}:
                continue  # + and / show what is refused
            if a != b or a in ("st", "b", "dt", "ts", "tn", "nul"):
                ar.thin(MIXED, MIXROWS, "%s %s %s" % (a, op, b))
for op in ("+", "*", "/", "%", "div"):
    for a, b in (("st", "i"), ("i", "st"), ("st", "n"), ("st", "st"), ("d", "n"), ("b", "i"), ("w", "m"), ("m", "w"), ("l", "n"), ("f", "n")):
        ar.thin(MIXED, MIXROWS, "%s %s %s" % (a, op, b), conf=OFF)
DECTYPES = ["DECIMAL(1,0)", "DECIMAL(5,5)", "DECIMAL(9,3)", "DECIMAL(18,6)", "DECIMAL(20,0)", "DECIMAL(30,10)", "DECIMAL(38,10)", "DECIMAL(38,38)"]
for a in DECTYPES:
    for b in DECTYPES:
        ar.on("a %s, b %s" % (a, b), rows(["a", "b"], [("0.5" if "5,5" in a or "38,38" in a else "7", "0.3" if "5,5" in b or "38,38" in b else "3"), (None, "0")]), "a + b", "a * b", "a / b", "a % b", "a div b")
ar.on("a DECIMAL(38,10), b DECIMAL(38,10)", rows(["a", "b"], [("1.5", "2.5"), ("1234567890123456789012345678.0123456789", "1000000.5")]), "a + b", "a * b", "a / b", "a - b", conf={"spark.sql.decimalOperations.allowPrecisionLoss": "false"})
ar.on("a DECIMAL(38,10), b DECIMAL(38,10)", rows(["a", "b"], [("1.5", "2.5"), ("1234567890123456789012345678.0123456789", "1000000.5")]), "a * b", conf={"spark.sql.decimalOperations.allowPrecisionLoss": "false", **OFF})
ar.on("i INT, n DECIMAL(10,2)", rows(["i", "n"], [("5", "1.25")]), "i + 1.5", "n + 1", "n * 2", "n / 3", "n + 1L", "n + 1.5D", "1.0 / 3", "1 / 3.0", "i + 1e3", "i * 1.5BD", "i + 1Y", "n % 1", "n * 10000000000", "-(-i)", "- - i", "i - -1", "i--1\n+2", "~i", "i & 3", "i | 8", "i ^ 6", "i << 2", "i >> 1", "i >>> 1", "(i + 1) * 2 - i / 4 % 3", "i + i * i", "bround(n, 1)", "round(n, 1)", "round(i, -1)", "floor(n)", "ceil(n)", "mod(i, 3)", "sign(n)", "negative(n)", "positive(n)")
DTI = "d DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, ym INTERVAL YEAR TO MONTH, ds INTERVAL DAY TO SECOND, ci INTERVAL, tm TIME, i INT, s SMALLINT, l BIGINT, x DOUBLE, n DECIMAL(10,2), st STRING"
DTIROWS = ['{"d":"2016-01-31","ts":"2016-03-12T08:30:00Z","tn":"2016-03-12T02:30:00","ym":"INTERVAL \'0-1\' YEAR TO MONTH","ds":"INTERVAL \'1 00:00:00\' DAY TO SECOND","ci":"1 month 1 day 1 hour","tm":"12:00:00","i":30,"s":3,"l":5,"x":1.5,"n":2.25,"st":"2016-02-01"}', "{}"]
names = ["d", "ts", "tn", "ym", "ds", "ci", "tm", "i", "s", "l", "x", "n", "st"]
for conf in (None, CHICAGO):
    for op in ("+", "-"):
        for a in names:
            for b in names:
                if a in ("d", "ts", "tn", "ym", "ds", "ci", "tm") or b in ("d", "ts", "tn", "ym", "ds", "ci", "tm"):
                    if conf is None or {a, b} & {"ts", "tn"}:
                        ar.thin(DTI, DTIROWS, "%s %s %s" % (a, op, b), conf=conf)
for op in ("*", "/", "div", "%"):
    for a in ("ym", "ds", "ci", "i"):
        for b in ("i", "l", "x", "n", "st", "ym", "ds"):
            ar.thin(DTI, DTIROWS, "%s %s %s" % (a, op, b))
ar.thin(DTI, DTIROWS, "-ym", "-ds", "-ci", "abs(ym)", "ds / 0", "ym / 0", "ds * 100000000", "ym * 1000000000", "d + INTERVAL 1 MONTH", "d + INTERVAL 1 DAY", "d + INTERVAL '1' HOUR", "d - DATE'2015-01-31'", "ts - TIMESTAMP'2016-01-01'", "ts + INTERVAL 1 DAY",
      "ts + INTERVAL 24 HOURS", "tn + INTERVAL 1 DAY", "date_add(d, 5)", "date_sub(d, 5)", "date_add(d, s)", "date_add(d, l)", "date_add(st, 1)", "datediff(d, st)", "add_months(d, 1)", "months_between(ts, d)", "last_day(d)", "next_day(d, 'MO')", "d + 2147483647", "timestampadd(DAY, 1, ts)", "timestampdiff(HOUR, d, ts)", "ts + '1 day'", "d + '1 day'", "make_interval(0,1,0,1)", "make_date(2016, 2, 30)", "make_timestamp(2016,7,25,21,45,7.5)")
ar.thin(DTI, DTIROWS, "ts + INTERVAL 1 DAY", "ts + INTERVAL 24 HOURS", "ts + INTERVAL 1 MONTH", "timestampadd(HOUR, 24, ts)", "timestampadd(DAY, 1, ts)", "d + INTERVAL '25' HOUR", "ts - TIMESTAMP'2016-04-01'", conf=CHICAGO)

# ---------------------------------------------------------------- comparison and logic
cmp = Topic("expr_predicate")
COMPARE = ["=", "==", "<=>", "<>", "!=", "<", "<=", ">", ">="]
for type_name, pairs in {
    "BOOLEAN": [("true", "false"), ("true", "true"), (None, "true"), (None, None)],
    "INT": [("1", "2"), ("2", "2"), (None, "1"), (None, None)],
    "DOUBLE": [("0.0", "-0.0"), ('"NaN"', '"NaN"'), ('"NaN"', '"Infinity"'), ("1", '"NaN"'), ('"-Infinity"', '"Infinity"'), (None, '"NaN"'), ("1.5", "1.5")],
    "FLOAT": [("0.0", "-0.0"), ('"NaN"', '"NaN"'), ('"NaN"', '"Infinity"'), ("1", '"NaN"')],
    "DECIMAL(10,2)": [("1.50", "1.5"), ("-1", "1"), (None, "1")],
    "STRING": [('""', '"a"'), ('"a"', '"A"'), ('"a"', '"ab"'), ('"\u00e9"', '"f"'), ('"\U0001F600"', '"\uffee"'), ('"a"', '"a "'), (None, '"a"')],
    "BINARY": [('"AA=="', '"/w=="'), ('"AA=="', '"AAA="'), ('""', '"AA=="')],
    "DATE": [('"2016-07-25"', '"2016-07-26"'), ('"0001-01-01"', '"1969-12-31"')],
    "TIMESTAMP": [('"2016-07-25T00:00:00Z"', '"2016-07-25T01:00:00+01:00"'), ('"1969-12-31T23:59:59Z"', '"1970-01-01T00:00:00Z"')],
    "TIME": [('"00:00:00"', '"23:59:59"')],
    "INTERVAL DAY TO SECOND": [("\"INTERVAL '1 00:00:00' DAY TO SECOND\"", "\"INTERVAL '0 24:00:00' DAY TO SECOND\""), ("\"INTERVAL '1 00:00:00' DAY TO SECOND\"", "\"INTERVAL '2 00:00:00' DAY TO SECOND\"")],
    "INTERVAL YEAR TO MONTH": [("\"INTERVAL '1-0' YEAR TO MONTH\"", "\"INTERVAL '0-11' YEAR TO MONTH\"")],
    "INTERVAL": [('"1 day"', '"24 hours"')],
    "STRUCT<a:INT,b:DOUBLE>": [('{"a":1,"b":2}', '{"a":1,"b":3}'), ('{"a":1,"b":"NaN"}', '{"a":1,"b":"NaN"}'), ('{"a":null,"b":2}', '{"a":1,"b":3}'), ('{"a":null}', '{"a":null}'), ('{"b":0.0}', '{"b":-0.0}'), (None, '{"a":1}')],
    "ARRAY<INT>": [("[1,2]", "[1,2,3]"), ("[1,null]", "[1,2]"), ("[]", "[null]"), ("[2]", "[1,9]"), ("[null]", "[null]")],
    "MAP<STRING,INT>": [('{"a":1}', '{"a":1}')],
    "VARIANT": [("1", "1")],
}.items():
    cmp.on("a %s, b %s" % (type_name, type_name), rows(["a", "b"], pairs), *["a %s b" % op for op in COMPARE])
    cmp.on("a %s, b %s" % (type_name, type_name), rows(["a", "b"], pairs), "a IS NULL", "a IS NOT NULL", "a BETWEEN b AND b", "a IN (b)", "a IN (b, a)", "a NOT IN (b, NULL)", "greatest(a, b)", "least(a, b)", "a IS DISTINCT FROM b", "a IS NOT DISTINCT FROM b", "nullif(a, b)", "coalesce(a, b)", "nvl(a, b)", "if(a = b, a, b)", "hash(a)", "hash(a, b)", "xxhash64(a)")
for op in ("=", "<", "<=>"):
    for a in MIXCOLS:
        for b in MIXCOLS:
            if a < b:
                cmp.thin(MIXED, MIXROWS, "%s %s %s" % (a, op, b))
                if a == "st" or b == "st" or "b" in (a, b):
                    cmp.thin(MIXED, MIXROWS, "%s %s %s" % (a, op, b), conf=OFF)
cmp.both("s STRING, i INT, l BIGINT, d DOUBLE, dt DATE, ts TIMESTAMP, b BOOLEAN", ['{"s":"1","i":1,"l":1,"d":1.0,"dt":"2016-07-25","ts":"2016-07-25T00:00:00Z","b":true}', '{"s":"abc","i":1,"l":1,"d":1.0,"dt":"2016-07-25","ts":"2016-07-25T00:00:00Z","b":true}',
         '{"s":"2016-07-25","i":2,"l":2147483648,"d":0.5,"dt":"2016-07-26","ts":"2016-07-25T00:00:01Z","b":false}', '{"s":"1.0"}', '{"s":"true","b":true}', '{"s":" 1 ","i":1,"d":1,"l":1}'],
         "s = i", "s < l", "s = d", "s = dt", "s = ts", "dt = ts", "dt < ts", "s = b", "i = s", "i IN (s)", "i IN ('1', '2')", "s IN (1, 2)", "i IN (1, 2L, 3.5)", "i BETWEEN '0' AND 2.5", "s = 1", "s = 1.0", "s > 0", "dt = '2016-07-25'", "dt > '2016-07'", "ts = '2016-07-25'", "ts >= '2016-07-25 00:00:00'", "b = 'true'", "b = 1", "b = 't'", "i = '1'", "i = 'x'", "dt = 'x'", "s + 1 = 2", "coalesce(s, i)", "coalesce(i, s)", "coalesce(dt, s)", "if(b, s, i)", "CASE WHEN b THEN i ELSE d END", "CASE WHEN b THEN i ELSE s END", "CASE WHEN b THEN dt ELSE ts END", "nvl(i, 'x')", "greatest(i, l)", "nullif(i, s)", "nullif(i, l)")
BB = rows(["p", "q"], [(a, b) for a in ("true", "false", None) for b in ("true", "false", None)])
cmp.on("p BOOLEAN, q BOOLEAN", BB, "p AND q", "p OR q", "NOT p", "p && q", "p || q", "!p", "NOT p AND q", "p OR q AND NOT p", "p = q", "p <=> q", "p <> q", "p IS TRUE", "p IS FALSE", "p IS UNKNOWN", "p IS NOT TRUE", "p IS NOT FALSE", "p IS NOT UNKNOWN", "p IN (q, true)", "p NOT IN (q)", "if(p, 1, 0)", "CASE WHEN p THEN 1 WHEN q THEN 2 END", "CASE p WHEN q THEN 'same' ELSE 'other' END", "NOT (p AND q)", "p XOR q", "bool_and(p)", "p < q", "p > q", "p + q", "p AND 1", "p AND 'true'", "NOT 1", "NOT NULL", "p AND NULL", "p OR NULL", "NULL AND false", "isnull(p)", "isnotnull(p)")
XR = rows(["x", "y"], [("0", "1"), ("2", "3"), ("1", "0"), (None, "1")])
cmp.both("x INT, y INT", XR, "CASE WHEN x = 0 THEN 0 ELSE 1 / x END", "CASE x WHEN 0 THEN -1 WHEN 1 THEN 10 / y ELSE 10 div x END", "if(x = 0, NULL, y / x)", "coalesce(x, 1 / (y - 1))", "coalesce(1 / nullif(x, 0), y)", "x = 0 OR 1 / x > 0", "x <> 0 AND 1 / x > 0", "1 / x > 0 AND x <> 0", "1 / x > 0 OR x = 0", "x IN (0, 1 / y)", "x IN (2, 0, 10 div y)", "nvl(x, 1 / (y - 1))", "nvl2(x, y, 1 / (y - 1))", "ifnull(x, 1 / (y - 1))",
         "if(y = 0, 1, x div y)", "CASE WHEN y = 0 THEN NULL WHEN x / y > 0.5 THEN 'big' ELSE 'small' END", "CASE WHEN x = 2 THEN CAST('x' AS INT) ELSE x END", "x BETWEEN 0 AND 10 div y", "greatest(x, 10 div y)", "nullif(x, 10 div y)", "CASE WHEN x > 100 THEN 1 / 0 ELSE x END", "if(x > 100, 1 / 0, x)", "x > 100 AND 1 / 0 > 1", "coalesce(x, 0, 1 / 0)", "NOT (x = 0 OR 1 / x > 0)", "(x = 0) OR (1 / x > 0) OR (1 / y > 0)", "assert_true(x < 5)", "raise_error('no ' || x)", "CASE WHEN x = 5 THEN raise_error('no') ELSE x END")
cmp.on("x INT, s STRING", rows(["x", "s"], [("1", '"a"'), ("2", None), (None, '"b"')]), "CASE WHEN x = 1 THEN 'one' END", "CASE WHEN x = 1 THEN 'one' ELSE s END", "CASE x WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", "CASE x WHEN NULL THEN 'null' ELSE 'no' END", "CASE WHEN x THEN 1 END", "CASE WHEN true THEN 1 ELSE 2.5 END", "CASE WHEN x = 1 THEN 1 ELSE 'a' END", "CASE WHEN x = 1 THEN NULL ELSE 5 END", "CASE WHEN x=1 THEN array(1) ELSE array('a') END", "coalesce()", "coalesce(x)", "coalesce(NULL, NULL)", "coalesce(x, 5L)", "coalesce(x, 1.5)", "coalesce(s, 1)", "if(x = 1, 'y')", "if(x, 1, 2)", "nvl(s, 'none')", "ifnull(x, 9)", "nullif(x, 1)", "nullif(s, 'a')", "nvl2(x, 'set', 'unset')", "decode(x, 1, 'one', 2, 'two', 'many')", "x IN ()", "x IN (1)", "x IN (NULL)", "x IN (1, NULL)", "x NOT IN (1, NULL)", "x NOT IN (5)", "x BETWEEN 1 AND 2", "x NOT BETWEEN 1 AND 2", "x BETWEEN NULL AND 5", "x BETWEEN 2 AND 1", "s IS NULL OR x IS NULL", "x = NULL", "NULL = NULL", "NULL <=> NULL", "nanvl(x, 2)", "isnan(x)", "equal_null(x, NULL)", "zeroifnull(x)", "nullifzero(x)", "iff(x = 1, 2, 3)")

# ---------------------------------------------------------------- date and time functions
dtm = Topic("expr_datetime")
TS = rows(["ts", "tn", "d"], [(q(a), q(b), q(b[:10])) for a, b in [
    ("2016-07-25T21:45:07.123456Z", "2016-07-25T21:45:07.123456"), ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00"), ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999"),
    ("2016-03-13T07:59:59Z", "2016-03-13T01:59:59"), ("2016-03-13T08:00:00Z", "2016-03-13T02:30:00"), ("2016-11-06T06:30:00Z", "2016-11-06T01:30:00"), ("2016-11-06T07:30:00Z", "2016-11-06T01:30:00"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"), ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"), ("1883-11-18T18:00:00Z", "1883-11-18T12:00:00"), ("2020-02-29T12:00:00Z", "2020-02-29T12:00:00"), ("2021-01-03T00:00:00Z", "2021-01-03T00:00:00")]]) + ["{}"]
FIELDS = ["year", "quarter", "month", "day", "dayofmonth", "dayofweek", "weekday", "dayofyear", "weekofyear", "hour", "minute", "second"]
UNITS = ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND", "YYYY", "yy", "mon", "mm", "dd", "decade", "century", "foo", ""]
for conf in (None, CHICAGO):
    for c in ("ts", "tn", "d"):
        dtm.thin("ts TIMESTAMP, tn TIMESTAMP_NTZ, d DATE", TS, *["%s(%s)" % (f, c) for f in FIELDS], conf=conf)
        dtm.thin("ts TIMESTAMP, tn TIMESTAMP_NTZ, d DATE", TS, *["date_trunc('%s', %s)" % (u, c) for u in UNITS], conf=conf)
        dtm.thin("ts TIMESTAMP, tn TIMESTAMP_NTZ, d DATE", TS, "unix_timestamp(%s)" % c, "to_timestamp(%s)" % c, "to_date(%s)" % c, "date_format(%s, 'yyyy-MM-dd HH:mm:ss.SSSSSS')" % c, "extract(HOUR FROM %s)" % c, "extract(SECOND FROM %s)" % c, "extract(WEEK FROM %s)" % c, "extract(YEAROFWEEK FROM %s)" % c, "extract(DOW FROM %s)" % c, "extract(DOW_ISO FROM %s)" % c, "extract(DOY FROM %s)" % c, "date_part('MINUTE', %s)" % c, "unix_seconds(%s)" % c, "unix_millis(%s)" % c, "unix_micros(%s)" % c, "unix_date(%s)" % c, "trunc(%s, 'MM')" % c, "from_utc_timestamp(%s, 'America/Chicago')" % c, "to_utc_timestamp(%s, 'America/Chicago')" % c, "CAST(%s AS STRING)" % c, "last_day(%s)" % c, "dayname(%s)" % c, "monthname(%s)" % c, conf=conf)
PATTERNS = ["y", "yy", "yyy", "yyyy", "yyyyy", "u", "uu", "uuuu", "G", "GG", "GGGG", "GGGGG", "M", "MM", "MMM", "MMMM", "MMMMM", "L", "LL", "LLL", "LLLL", "d", "dd", "ddd", "D", "DD", "DDD", "Q", "QQ", "QQQ", "QQQQ", "q", "qq", "qqq", "E", "EE", "EEE", "EEEE", "EEEEE", "e", "c", "F", "W", "w", "Y", "YYYY", "a", "aa", "h", "hh", "H", "HH", "HHH", "k", "kk", "K", "KK", "m", "mm", "s", "ss", "S", "SS", "SSS", "SSSS", "SSSSS", "SSSSSS", "SSSSSSS", "SSSSSSSSS", "SSSSSSSSSS", "A", "n", "N", "V", "VV", "VVV", "z", "zz", "zzz", "zzzz", "zzzzz", "O", "OO", "OOOO", "X", "XX", "XXX", "XXXX", "XXXXX", "XXXXXX", "x", "xx", "xxx", "xxxx", "xxxxx", "Z", "ZZ", "ZZZ", "ZZZZ", "ZZZZZ", "'literal'", "''", "yyyy''MM", "'it''s'", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "[yyyy][MM]", "EEE, d MMM yyyy HH:mm:ss Z", "yyyyMMdd", "yyyy/MM/dd hh:mm a", "b", "j", "p", "B", "I", "J", "l", "#", "{", "yyyy}", "'open", "[open", "close]", "", " ", "yyyy-MM-dd\\tHH", "\u00e9yyyy", "dd.MM.yyyy", "h:mm:ss a", "MMM d, y", "HH:mm:ss.S", "T", "yyyyyy", "yyyyyyyy", "MMMMMM"]
for zone in ("UTC", "America/Chicago"):
    for p in PATTERNS:
        dtm.on("ts TIMESTAMP", rows(["ts"], [('"2016-07-25T21:45:07.123456Z"',), ('"0001-01-01T12:00:00Z"',), ('"2021-01-03T05:00:00.000001Z"',)]), "date_format(ts, '%s')" % p.replace("'", "\\'"), conf={"spark.sql.session.timeZone": zone})
for zone in ("+05:30", "-03:00", "Asia/Kathmandu", "GMT+8", "Europe/London", "UTC+01:00", "Z"):
    dtm.on("ts TIMESTAMP", rows(["ts"], [('"2016-07-25T21:45:07.5Z"',), ('"1900-01-01T00:00:00Z"',)]), *["date_format(ts, '%s')" % p for p in ("yyyy-MM-dd HH:mm", "VV", "z", "zzzz", "O", "OOOO", "X", "XXX", "xxx", "Z", "ZZZZ", "ZZZZZ")], "CAST(ts AS STRING)", "hour(ts)", conf={"spark.sql.session.timeZone": zone})
dtm.on("ts TIMESTAMP, s STRING, p STRING", rows(["ts", "s", "p"], [('"2016-07-25T21:45:07Z"', '"2016-07-25 21:45:07"', '"yyyy"'), ('"2016-07-25T21:45:07Z"', None, '"dd"'), (None, '"2016"', None)]), "date_format(ts, p)", "date_format(s, 'HH')", "date_format(s, p)", "date_format(NULL, 'yyyy')", "date_format(ts)", "date_format('2016-07-25', 'E')", "date_format(1, 'E')", "date_format(ts, NULL)", "unix_timestamp(s)", "unix_timestamp(s, 'yyyy-MM-dd HH:mm:ss')", "unix_timestamp(s, p)", "to_timestamp(s)", "to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')", "to_date(s)", "to_date(s, 'yyyy-MM-dd HH:mm:ss')", "try_to_timestamp(s)", "try_to_timestamp(s, 'yyyy')", "unix_timestamp(ts, 'yyyy')", "to_unix_timestamp(s)", "unix_timestamp(ts, 'bad pattern {')", "to_timestamp(s, 'YYYY')", "to_timestamp_ntz(s)", "to_timestamp_ltz(s)")
PARSE = [("2016-07-25 21:45:07", "yyyy-MM-dd HH:mm:ss"), ("2016-07-25", "yyyy-MM-dd HH:mm:ss"), ("2016-07-25", "yyyy-MM-dd"), ("2016-7-5", "yyyy-MM-dd"), ("2016-7-5", "yyyy-M-d"), ("16-07-25", "yy-MM-dd"), ("70-01-01", "yy-MM-dd"), ("99-01-01", "yy-MM-dd"), ("07/25/2016", "MM/dd/yyyy"), ("25.07.2016", "dd.MM.yyyy"), ("Jul 25, 2016", "MMM d, yyyy"), ("JUL 25, 2016", "MMM d, yyyy"), ("July 25, 2016", "MMMM d, yyyy"), ("25 Jul 2016 21:45", "d MMM yyyy HH:mm"), ("2016-07-25T21:45:07.123Z", "yyyy-MM-dd'T'HH:mm:ss.SSSX"), ("2016-07-25T21:45:07.123+02:00", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"), ("2016-07-25T21:45:07.123456+0200", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSZ"), ("2016-07-25T21:45:07.1", "yyyy-MM-dd'T'HH:mm:ss.SSS"), ("2016-07-25T21:45:07.123", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"), ("2016-07-25T21:45:07", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"), ("20160725", "yyyyMMdd"), ("20160725214507", "yyyyMMddHHmmss"), ("09:45 PM", "hh:mm a"), ("12:30 AM", "hh:mm a"), ("21:45", "HH:mm"), ("2016", "yyyy"), ("2016-07", "yyyy-MM"), ("206 2016", "D yyyy"), ("2016-206", "yyyy-DDD"), ("2016-07-25 24:00", "yyyy-MM-dd HH:mm"), ("2016-07-25 24:00", "yyyy-MM-dd kk:mm"), ("2016-02-30", "yyyy-MM-dd"), ("2016-02-31", "yyyy-MM-dd"), ("2015-02-29", "yyyy-MM-dd"), ("2016-07-25 garbage", "yyyy-MM-dd"), (" 2016-07-25", "yyyy-MM-dd"), ("2016-07-25 America/Chicago", "yyyy-MM-dd VV"), ("2016-07-25 PST", "yyyy-MM-dd z"), ("2016-07-25 GMT+1", "yyyy-MM-dd O"), ("Mon 2016-07-25", "EEE yyyy-MM-dd"), ("Tue 2016-07-25", "EEE yyyy-MM-dd"), ("Q3 2016", "'Q'Q yyyy"), ("+2016-07-25", "yyyy-MM-dd"), ("12016-07-25", "yyyy-MM-dd"), ("02016-07-25", "yyyyy-MM-dd"), ("2016 BC", "yyyy G"), ("2016 AD", "yyyy G"), ("-0001-01-01", "uuuu-MM-dd"), ("", "yyyy"), ("abc", "yyyy"), ("2016-03-13 02:30", "yyyy-MM-dd HH:mm"), ("2016-11-06 01:30", "yyyy-MM-dd HH:mm"), ("1469501107", "s"), ("2016-07-25 5", "yyyy-MM-dd H"), ("2016-07-25 5", "yyyy-MM-dd HH"), ("1.5", "s.S"), ("2016-07-25 21:45:07.123456789", "yyyy-MM-dd HH:mm:ss.SSSSSSSSS"), ("2016W30", "YYYY'W'ww")]
for text, p in PARSE:
    for conf in (None, OFF, CHICAGO):
        lines = rows(["s"], [(q(text),)])
        f = p.replace("'", "\\'")
        dtm.on("s STRING", lines, "to_timestamp(s, '%s')" % f, conf=conf)
        if conf is None:
            dtm.on("s STRING", lines, "to_date(s, '%s')" % f, "unix_timestamp(s, '%s')" % f)
NUM = "i INT, l BIGINT, d DOUBLE, f FLOAT, n DECIMAL(20,6), n9 DECIMAL(20,9), s STRING"
NUMR = rows(["i", "l", "d", "f", "n", "n9", "s"], [("1469501107", "1469501107123456", "1469501107.123456", "1.5", "1469501107.123456", "1.123456789", '"5"'), ("0", "0", "0", "0", "0", "0", '"0"'), ("-1", "-1", "-1.5", "-1.5", "-1.5", "-0.000001", '"-1"')]) + ["{}"]
for conf in (None, CHICAGO):
    dtm.thin(NUM, NUMR, *["%s(%s)" % (f, c) for f in ("timestamp_seconds", "timestamp_millis", "timestamp_micros", "from_unixtime", "date_from_unix_date") for c in ("i", "l", "d", "f", "n", "n9", "s")], "from_unixtime(i, 'yyyy-MM-dd HH')", "from_unixtime(i, s)", "CAST(i AS TIMESTAMP)", "CAST(d AS TIMESTAMP)", "timestamp_seconds(CAST('NaN' AS DOUBLE))", "timestamp_seconds(l * 1000)", "timestamp_millis(9223372036854775807)", "timestamp_seconds(9223372036854775807)", "timestamp_seconds(1e20)", "timestamp_micros(1.5)", "timestamp_seconds('1')", "timestamp_seconds(CAST('Infinity' AS DOUBLE))", conf=conf)
dtm.lit("timestamp_seconds(1469501107)", "timestamp_seconds(1469501107.5)", "timestamp_seconds(-0.1)", "unix_timestamp('2016-07-25 21:45:07')", "unix_timestamp('x')", "unix_timestamp(DATE'2016-07-25')", "unix_timestamp() > 1600000000", "current_timestamp() > TIMESTAMP'2020-01-01'", "unix_timestamp(1)", "unix_timestamp(true)", "unix_timestamp('a','b','c')", "from_unixtime(1469501107)", "from_unixtime('x')", "now() = current_timestamp()", "current_date() >= DATE'2020-01-01'", "current_timezone()", "typeof(now())", "typeof(localtimestamp())", "hour('2016-07-25 21:45:07')", "hour(5)", "year('2016')", "year('x')", "second(TIME'12:34:56.5')", "hour(TIME'12:34:56')", "date_format(TIME'12:34:56', 'HH')", "to_time('12:34:56')", "to_time('12.34', 'HH.mm')", "make_time(12, 34, 56.5)", "date_trunc('HOUR', '2016-07-25 21:45:07')", "date_trunc(NULL, now())", "date_trunc('DAY', 5)", "timestamp_millis('x')", "date(1)", "date('2016-07-25')", "timestamp('2016-07-25')", "timestamp(1)", "int('5')", "string(5)", "double('1e3')", "boolean('t')", "bigint(5.7)", "decimal(5)", "binary('a')", "float(1)", "tinyint(300)", "smallint(1)", conf=CHICAGO)

# ---------------------------------------------------------------- windows
win = Topic("expr_window")
WR = rows(["ts", "tn", "d", "s"], [(q(a), q(b), q(b[:10]), q(b)) for a, b in [("2016-07-25T21:45:07.123456Z", "2016-07-25 21:45:07.123456"), ("2016-07-25T22:00:00Z", "2016-07-25 22:00:00"), ("2016-07-25T21:59:59.999999Z", "2016-07-25 21:59:59.999999"), ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00"), ("1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59.999999"), ("1960-02-29T12:34:56Z", "1960-02-29 12:34:56"), ("2016-03-13T08:10:00Z", "2016-03-13 02:10:00"), ("2016-11-06T06:30:00Z", "2016-11-06 01:30:00"), ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00"), ("9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59.999999")]]) + ["{}"]
WS = "ts TIMESTAMP, tn TIMESTAMP_NTZ, d DATE, s STRING"
ARGS = ["'1 hour'", "'10 minutes'", "'1 day'", "'1 week'", "'7 days'", "'90 seconds'", "'1 microsecond'", "'500 milliseconds'", "'1 hour', '1 hour'", "'1 hour', '15 minutes'", "'1 hour', '20 minutes', '5 minutes'", "'10 minutes', '3 minutes'", "'1 hour', '1 hour', '15 minutes'", "'1 day', '1 day', '6 hours'", "'1 hour', '1 hour', '-15 minutes'", "'1 hour', '30 minutes', '-10 minutes'", "'1 hour 30 minutes'", "'INTERVAL 1 HOUR'", "'interval 1 hour'", "INTERVAL 1 HOUR", "INTERVAL '1' HOUR", "INTERVAL 1 HOUR, INTERVAL 30 MINUTES", "'1 week', '1 day'", "'365 days'"]
BAD = ["'1 month'", "'1 year'", "'0 seconds'", "'-1 hour'", "'x'", "''", "5", "NULL", "'1 hour', '2 hours'", "'1 hour', '0 seconds'", "'1 hour', '1 hour', '1 hour'", "'1 hour', '1 hour', '2 hours'", "'1 hour', '1 hour', '-1 hour'", "'1 hour', '-1 minute'", "s", "'1 hour', 'x'", "", "'1 hour', '1 hour', '0 seconds', '1'", "INTERVAL 1 MONTH", "3600000000", "3600000000L", "INTERVAL '1' HOUR + INTERVAL '1' HOUR"]
win.thin(WS, WR, *["window(ts, %s)" % a for a in ARGS], conf=None)
win.thin(WS, WR, *["window(ts, %s)" % a for a in ARGS], conf=CHICAGO)
win.thin(WS, WR, *["window(tn, %s)" % a for a in ARGS])
win.thin(WS, WR, "window(tn, '1 hour')", "window(d, '1 hour')", "window(s, '1 hour')", "window(d, '1 day')", conf=CHICAGO)
win.thin(WS, WR[:1], *["window(ts, %s)" % a for a in BAD])
win.thin(WS, WR, "window(d, '1 hour')", "window(s, '1 hour')", "window(1, '1 hour')", "window(ts, '1 hour').start", "window(ts, '1 hour').end", "window(ts, '1 hour').foo", "window(ts, '1 hour') AS w", "struct(window(ts, '1 hour'))", "window(ts + INTERVAL 1 DAY, '1 hour')", "window(CAST(unix_timestamp(ts) AS TIMESTAMP), '1 hour')", "window(NULL, '1 hour')", "window(ts)", "window()", "window(ts, '1 hour') IS NULL", "CAST(window(ts, '1 hour') AS STRING)", "date_format(window(ts, '1 hour').end, 'MMM-dd HH:mm')", "window_time(window(ts, '1 hour'))", "session_window(ts, '5 minutes')", "window(timestamp_seconds(unix_timestamp(ts)), '1 hour', '15 minutes').start", "WINDOW(ts, '1 hour')", "if(ts IS NULL, NULL, window(ts, '1 hour'))")

# ---------------------------------------------------------------- strings
st = Topic("expr_string")
SR = strs("s", ["", "a", "abc", "ABC", " a b ", "h\u00e9llo", "\u00df", "\u0130", "\u01c5", "\U0001F600x", "e\u0301", "\u03a3\u03a3", "a\nb", "a\tb", "a\\b", "a%b", "a_b", "1", "\u0000", "\ufeff", "\u6f22\u5b57", "\u00a0a\u00a0", "\u0149", "\ufb01", "x" * 30])
st.on("s STRING", SR, "upper(s)", "lower(s)", "length(s)", "char_length(s)", "octet_length(s)", "bit_length(s)", "trim(s)", "ltrim(s)", "rtrim(s)", "btrim(s)", "trim(BOTH FROM s)", "trim(LEADING 'a' FROM s)", "trim('ab', s)", "trim(TRAILING ' b' FROM s)", "reverse(s)", "concat(s, '-', s)", "s || '!'", "concat(s, 1, 2.5, true, NULL)", "concat(s)", "concat()", "concat(s, 1)", "concat_ws(',', s, NULL, 'x')", "substring(s, 1, 2)", "substring(s, 2)", "substring(s, 0, 1)", "substring(s, -2)", "substring(s, -2, 1)", "substring(s, -100, 5)", "substring(s, 2, -1)", "substring(s, 100)", "substr(s, 2, 1)", "substring(s FROM 2 FOR 1)", "substring(s, 2147483647, 2147483647)", "substring(s, -2147483648, 2147483647)", "left(s, 2)", "right(s, 2)", "instr(s, 'b')", "locate('b', s)", "position('b' IN s)", "repeat(s, 2)", "lpad(s, 5, '*')", "rpad(s, 5, '*')", "lpad(s, 2)", "replace(s, 'a', 'zz')", "translate(s, 'ab', 'xy')", "initcap(s)", "ascii(s)", "base64(s)", "hex(s)", "md5(s)", "sha2(s, 256)", "crc32(s)", "split(s, 'b')", "startswith(s, 'a')", "endswith(s, 'b')", "contains(s, 'b')", "substring_index(s, 'b', 1)", "hash(s)", "xxhash64(s)", "soundex(s)", "levenshtein(s, 'abc')", "s LIKE 'a%'", "s LIKE '%b%'", "s LIKE '_b_'", "s LIKE 'a\\\\%b'", "s LIKE 'a\\_b'", "s LIKE 'a/%b' ESCAPE '/'", "s LIKE ''", "s LIKE '%'", "s LIKE '_'", "s LIKE 'a\nb'", "s LIKE 'a_b'", "s NOT LIKE 'a%'", "s ILIKE 'ABC'", "s ILIKE '%\u00c9%'", "s LIKE ANY ('a%', '%c')", "s LIKE ALL ('a%', '%c')", "s RLIKE '^a.*'", "s LIKE NULL", "s LIKE 'abc\\\\'", "s LIKE 'a\\\\bc'", "s LIKE 5", "regexp_replace(s, '[a-c]', '<$0>')", "regexp_extract(s, '(a)(b)', 2)", "s = 'abc'", "s < 'b'", "s COLLATE UTF8_LCASE = 'abc'", "length(s) = 0", "char(length(s) + 65)", "space(length(s))", "nvl(s, 'none')", "upper(NULL)", "length(5)", "length(X'0102')", "upper(5)", "concat(X'01', X'02')", "concat(array(1), array(2))", "concat(array(1), 'a')", "substring(12345, 2, 3)", "substring(X'010203', 2, 1)", "format_string('%05d|%s|%x', 42, s, 255)", "format_number(1234567.891, 2)", "to_json(struct(s))", "is_valid_utf8(s)")

# ---------------------------------------------------------------- nested values
ne = Topic("expr_nested")
NS = "a STRUCT<b:INT,c:STRUCT<d:STRING,e:ARRAY<INT>>>, m MAP<STRING,INT>, r ARRAY<STRUCT<x:INT,y:STRING>>, v VARIANT, i INT"
NR = ['{"a":{"b":1,"c":{"d":"x","e":[1,2,null]}},"m":{"k":1,"l":null},"r":[{"x":1,"y":"p"},{"x":2}],"v":{"q":[1,2,{"z":"w"}]},"i":1}', '{"a":{},"m":{},"r":[]}', '{"a":{"c":{}},"r":[null,{"y":"q"}],"v":null,"i":5}', "{}"]
ne.both(NS, NR, "a", "a.b", "a.c", "a.c.d", "a.c.e", "a.c.e[0]", "a.c.e[5]", "a.c.e[-1]", "a.B", "A.C.D", "a['b']", "a.nope", "a.c.nope", "m['k']", "m.k", "m['zz']", "m['l']", "element_at(m, 'zz')", "element_at(a.c.e, 1)", "element_at(a.c.e, 0)", "element_at(a.c.e, -1)", "element_at(a.c.e, 9)", "try_element_at(a.c.e, 9)", "r.x", "r.y", "r[0]", "r[0].y", "r[i].x", "r.x[0]", "r[0]['x']", "v", "v:q", "v:q[0]", "v:q[2].z::string", "i.x", "i[0]", "a[0]", "size(r)", "size(m)", "map_keys(m)", "map_values(m)", "struct(a.b, i)", "struct(i, 'x', 1 + 1)", "struct(i AS k, a.b)", "struct()", "named_struct('x', i, 'y', a.b)", "named_struct('x')", "named_struct(i, 1)", "named_struct('x', 1, 'x', 2)", "named_struct('x', 1, 'x', 2).x", "struct(*)", "a.*", "array(1, 2L)", "array(1, 'a')", "array()", "array(i, NULL)", "map('a', 1)", "map('a', 1, 'a', 2)", "map()", "map(NULL, 1)", "map('a')", "map(1, 'x', 2L, 'y')", "(i, a.b)", "(i)", "struct(a).a.b", "array(struct(i)).i", "named_struct('s', named_struct('t', i)).s.t", "a = a", "a < a", "m = m", "struct(1, 2) = (1, 2)", "a IS NULL", "a.c IS NULL", "CAST(a AS STRING)", "CAST(m AS STRING)", "CAST(r AS STRING)", "CAST(v AS STRING)", "to_json(a)", "to_json(m)", "to_json(r)", "hash(a)", "hash(r)", "hash(m)", "xxhash64(a, r)", "array_contains(a.c.e, 1)", "sort_array(a.c.e)", "typeof(a)", "typeof(r)", "typeof(v)", "transform(r, e -> e.x)", "filter(a.c.e, e -> e > 1)", "exists(a.c.e, e -> e = 1)", "aggregate(a.c.e, 0, (s, e) -> s + coalesce(e, 0))", "`a`.`b`", "`a.b`", "a . b", "a.c.e[i]", "a.`b`", "i AS `odd name`", "i `x`", "i x", "i AS x.y", "input.i", "i + a.b AS total", "1 AS a", "a.b + 1")

# ---------------------------------------------------------------- literals
li = Topic("expr_literal")
li.lit("1", "-1", "+1", "1L", "1S", "1Y", "128Y", "-128Y", "- 128Y", "32768S", "9223372036854775808L", "-9223372036854775808L", "2147483647", "2147483648", "-2147483648", "- 2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999999999999999999999", "999999999999999999999999999999999999999", "1.5", "1.50", ".5", "5.", "0.0", "-0.0", "1.5D", "1.5F", "1.5BD", "1BD", "1D", "1F", "1e3", "1E3", "1e-3", "1.5e3", "1e400", "1e3D", "1e3BD", "1e3F", "1e400D", "1e39F", ".e3", "1e", "1.e3", "1l", "1s", "1y", "1d", "1f", "1bd", "123456789.123456789", "0.1234567890123456789012345678901234567890", "00012", "0x10", "1_000", "1a", "1.5L",
       "'a'", "\"a\"", "'a' 'b'", "'a' \"b\"", "'it''s'", "'it\\'s'", "\"say \"\"hi\"\"\"", "\"say \\\"hi\\\"\"", "'a\\nb'", "'a\\tb'", "'a\\\\b'", "'a\\qb'", "'\\u0041'", "'\\U00000041'", "'\\u00e9'", "'\\x41'", "'\\101'", "'\\0'", "'\\b\\r\\Z'", "'\\%'", "'\\_'", "'a\nb'", "r'a\\nb'", "R'a\\nb'", "r\"a\\nb\"", "r'it''s'", "'\u00e9\U0001F600'", "''", "X'1F'", "x'1f'", "X'1'", "X''", "X'0G'", "X'1F' X'20'", "X\"1F\"", "'\\uD83D\\uDE00'", "'\\uD83D'",
       "true", "TRUE", "false", "null", "NULL", "DATE'2016-07-25'", "DATE '2016-07-25'", "date'2016-7-5'", "DATE'2016'", "DATE'x'", "DATE'2016-02-30'", "DATE'0001-01-01'", "DATE'9999-12-31'", "DATE'-0001-01-01'", "DATE'2016-07-25 10:00:00'", "TIMESTAMP'2016-07-25 21:45:07'", "TIMESTAMP'2016-07-25 21:45:07.123456'", "TIMESTAMP'2016-07-25 21:45:07 America/Chicago'", "TIMESTAMP'2016-07-25'", "TIMESTAMP'x'", "TIMESTAMP_NTZ'2016-07-25 21:45:07'", "TIMESTAMP_LTZ'2016-07-25 21:45:07'", "TIMESTAMP_NTZ'2016-07-25 21:45:07Z'", "TIME'12:34:56'", "TIME'12:34:56.123456789'", "TIME'25:00:00'", "TIME'12:34:56.1 PM'", "TIME '1:2:3'",
       "INTERVAL 1 DAY", "INTERVAL '1' DAY", "INTERVAL 1 DAYS", "INTERVAL -1 DAY", "INTERVAL '-1' DAY", "- INTERVAL 1 DAY", "INTERVAL 1 YEAR", "INTERVAL 1 MONTH", "INTERVAL 1 WEEK", "INTERVAL 1 HOUR", "INTERVAL 1 MINUTE", "INTERVAL 1 SECOND", "INTERVAL 1.5 SECOND", "INTERVAL '1.5' SECOND", "INTERVAL 1 MILLISECOND", "INTERVAL 1 MICROSECOND", "INTERVAL 1 YEAR 2 MONTHS", "INTERVAL 1 DAY 2 HOURS 3 MINUTES 4.5 SECONDS", "INTERVAL 1 YEAR 1 DAY", "INTERVAL 1 MONTH 1 DAY", "INTERVAL '1 year 2 months'", "INTERVAL '1 day 2 hours'", "INTERVAL '1-2' YEAR TO MONTH", "INTERVAL '-1-2' YEAR TO MONTH", "INTERVAL -'1-2' YEAR TO MONTH", "INTERVAL '1 02:03:04.5' DAY TO SECOND", "INTERVAL '1 02' DAY TO HOUR", "INTERVAL '1 02:03' DAY TO MINUTE", "INTERVAL '02:03' HOUR TO MINUTE", "INTERVAL '02:03:04' HOUR TO SECOND", "INTERVAL '03:04' MINUTE TO SECOND", "INTERVAL '1-13' YEAR TO MONTH", "INTERVAL '1 25:00:00' DAY TO SECOND", "INTERVAL '1' MONTH TO YEAR", "INTERVAL", "INTERVAL 1", "INTERVAL 'x'", "INTERVAL 1 FOO", "INTERVAL '1' YEAR '2' MONTH", "INTERVAL 2147483648 MONTHS", "INTERVAL 9223372036854775807 SECONDS", "INTERVAL 1 QUARTER", "INTERVAL '100' DAY", "INTERVAL '36' HOUR", "INTERVAL '100' MINUTE", "INTERVAL '14' MONTH", "INTERVAL 90 MINUTES", "INTERVAL 1 day", "interval 1 day",
       "array(1,2)", "map(1,2)", "struct(1)", "1 /* c */ + /* d */ 2", "1 -- comment", "/* /* nested */ */ 1", "CAST(1 AS BIGINT)", "CAST(1 AS INTEGER)", "CAST(1 AS LONG)", "CAST(1 AS SHORT)", "CAST(1 AS BYTE)", "CAST(1 AS REAL)", "CAST(1 AS NUMERIC)", "CAST(1 AS DEC(5))", "CAST(1 AS DECIMAL)", "CAST(1 AS DECIMAL(39,0))", "CAST(1 AS DECIMAL(5,6))", "CAST(1 AS DECIMAL(5,-1))", "CAST(1 AS FOO)", "CAST(1 AS CHAR)", "CAST(1 AS VARCHAR)", "CAST(1 AS TIMESTAMP_LTZ)", "CAST(1 AS ARRAY)", "CAST(1 AS MAP<INT>)", "CAST(1 AS STRUCT<>)", "1::STRING", "'5'::INT + 1", "1::DECIMAL(5,2)", "TRY_CAST('x' AS INT)", "CAST(1 AS TIME(7))", "CAST('1' AS STRING COLLATE UNICODE)", "typeof(1)", "typeof(1.5)", "typeof('a')", "typeof(NULL)", "typeof(1e3)", "typeof(X'1F')", "typeof(INTERVAL 1 DAY)", "typeof(INTERVAL '1' HOUR)", "typeof(INTERVAL 1 MONTH 1 DAY)", "typeof(DATE'2016-01-01')", "pi()", "e()", "current_user() = user()", "version() IS NOT NULL")

# ---------------------------------------------------------------- errors
er = Topic("expr_error")
ES = "time TIMESTAMP, action STRING, value INT, user STRUCT<id:BIGINT,name:STRING>, tags ARRAY<STRING>, `odd name` INT, `a.b` INT"
ER = ["{}"]
er.on(ES, ER, "1 +", "+", "", " ", "(1", "1)", "1 1", "a b c", "SELECT 1", "1;", "1 = = 1", "CASE END", "CASE WHEN 1", "CASE WHEN true THEN 1", "value IN (", "value BETWEEN 1", "CAST(value)", "CAST(value AS)", "CAST(value INT)", "count(", "count(*", "count(* )", "f(,)", "f(1,)", "'open", "\"open", "`open", "``", "value AS", "value AS 1x", "value AS select", "AS x", "select", "from", "where", "a..b", ".a", "a.", "a[", "a[0", "a]", "value @ 1", "value # 1", "value ? 1", "$x", "@x", ":x", "?", "{1}", "\\", "value = 'a' AND", "NOT", "NOT NOT value IS NULL", "value IS", "value IS NOT", "value LIKE", "x'zz'", "value -> 1", "x -> x + 1", "a => 1", "value ! 1", "!", "value <> ", "value < > 1", "value => 1", "value =< 1", "value === 1", "value := 1", "1.2.3", "1..2", "INTERVAL 1 DAY TO", "\u00e9", "valu\u00e9 + 1", "value\u00a0+ 1", "/* open", "value -- c\n+", "value\n+\n", "value +\n  action +\n    )", "*", "value, action", "DISTINCT value", "value FROM t", "EXISTS", "date_format(time,, 'x')", "extract(FOO FROM time)", "extract(time)", "trim(FOO FROM action)", "value OVER ()", "row_number() OVER (ORDER BY value", "CAST(1 AS ARRAY<INT)", "TIMESTAMP", "INTERVAL", "CURRENT_DATE", "current_date", "current_time", "NULL NULL", "TRUE FALSE",
      "nope", "valu", "Value", "VALUE + 1", "actoin", "tme + 1", "user.nope", "user.nmae", "user.id.x", "tags.x", "nope.x", "nope.value", "t.value", "`odd name`", "odd name", "a.b", "`a.b`", "`value`.x", "value.x", "nope + nope2", "upper(nope)", "count(nope)", "x", "completely_different_name",
      "nofunc(1)", "nofunc()", "a.nofunc(1)", "a.b.nofunc(1)", "COUNTT(*)", "upperr(action)", "date_fromat(time, 'x')", "spark_catalog.default.f(1)",
      "upper()", "upper(action, 1)", "substring(action)", "substring()", "length(action, action)", "date_format(time)", "date_format(time, 'y', 'z')", "window(time)", "window()", "window(time, '1 hour', '1 hour', '1 hour', '1 hour')", "timestamp_seconds()", "timestamp_seconds(1, 2)", "unix_timestamp(1, 2, 3)", "if()", "if(true, 1)", "nullif(1)", "nvl(1)", "nvl(1, 2, 3)", "coalesce()", "count()", "sum()", "sum(1, 2)", "min()", "max(1, 2)", "avg()", "to_timestamp()", "to_timestamp('a', 'b', 'c')", "hour()", "hour(time, 1)", "date_trunc('HOUR')", "abs()", "abs(1, 2)", "struct()", "lower()", "trim()", "trim(1, 2, 3)",
      "value + action", "value + true", "value + time", "time + time", "time + value", "tags + 1", "user + 1", "-action", "-time", "-true", "NOT value", "NOT action", "value AND true", "action AND true", "value OR action", "time AND true", "CASE WHEN value THEN 1 END", "CASE WHEN action THEN 1 END", "CASE value WHEN 'a' THEN 1 WHEN true THEN 2 END", "CASE WHEN true THEN 1 ELSE true END", "CASE WHEN true THEN tags ELSE 1 END", "if(value, 1, 2)", "if(true, 1, tags)", "if(true, time, value)", "coalesce(value, time)", "coalesce(value, tags)", "nullif(value, tags)", "value = tags", "value = user", "value = time", "time = value", "action = tags", "tags = tags", "user = user", "user < 1", "value IN ('a', true)", "value IN (tags)", "value IN (time)", "value BETWEEN 'a' AND true", "value BETWEEN time AND time", "sum(action)", "sum(time)", "sum(true)", "avg(time)", "avg(tags)", "min(user)", "max(map('a', 1))", "count(DISTINCT map('a', 1))", "upper(tags)", "upper(user)", "length(tags)", "concat(tags, action)", "concat(user)", "substring(action, 'x')", "substring(action, tags)", "hour(value)", "hour(true)", "year(value)", "date_format(value, 'y')", "date_format(tags, 'y')", "unix_timestamp(value)", "unix_timestamp(tags)", "to_timestamp(tags)", "timestamp_seconds(action)", "timestamp_seconds(true)", "timestamp_seconds(time)", "timestamp_millis(1.5)", "window(value, '1 hour')", "window(action, '1 hour')", "window(tags, '1 hour')", "date_trunc('HOUR', value)", "date_trunc('HOUR', tags)", "named_struct('a')", "named_struct(1, 2)", "named_struct(action, 1)", "array(1, true)", "array(1, tags)", "map(tags, 1)", "map(map(1, 2), 1)", "tags['x']", "tags[time]", "user[0]", "user['id']", "value[0]", "action[0]", "action LIKE 1", "action LIKE tags", "value LIKE '5'", "value IS TRUE", "abs(action)", "abs(tags)", "abs(true)", "value % tags", "value div 1.5", "time div 2", "value & 1.5", "~action", "greatest(1)", "greatest(1, tags)", "round(action)", "isnan(tags)", "element_at(tags, 'x')", "size(value)", "explode(value)", "explode(tags)", "explode(tags) + 1", "upper(explode(tags))", "count(*) + value", "sum(sum(value))", "sum(value) + value", "count(*)", "count(1)", "sum(value)", "avg(value)", "min(action)", "max(time)", "count(value, action)", "count(DISTINCT value)", "count(*) FILTER (WHERE value > 1)", "sum(DISTINCT value)", "sum(DISTINCT *)", "upper(*)", "upper(DISTINCT action)", "upper(action) FILTER (WHERE true)", "count(*) OVER ()", "row_number()", "row_number() OVER ()", "lag(value)", "grouping(value)", "grouping_id()", "rand('x')", "(SELECT 1)", "EXISTS (SELECT 1)", "value IN (SELECT 1)", "date_add(time, 'x')", "CAST(value AS DATE)", "CAST(tags AS INT)", "CAST(user AS MAP<STRING,INT>)", "CAST(time AS BOOLEAN)", "CAST(value AS TIMESTAMP)", "CAST(true AS DATE)", "CAST(X'01' AS INT)", "CAST(1.5 AS BINARY)", "CAST(action AS NOTATYPE)", "user.*", "tags.*", "value.*", "nope.*", "input.*")
er.on("a INT, A INT", ["{}"], "a", "A")
er.on("a INT, A INT", ['{"a":1}'], "a", "A", conf={"spark.sql.caseSensitive": "true"})
er.on("a INT, b INT", ['{"a":1,"b":2}'], "B", "A + b", conf={"spark.sql.caseSensitive": "true"})
er.on("a STRING, b DOUBLE", ['{"a":"x","b":1e300}'], "CAST(a AS INT)", "CAST(b AS INT)", "CAST(b AS FLOAT)", "CAST(b AS DECIMAL(5,2))", "CAST(a AS DATE)", "CAST(a AS BOOLEAN)", "a + 1", "b % 0", "1 + CAST(a AS INT)", "upper(CAST(CAST(a AS INT) AS STRING))", "CAST(\n  a\n  AS INT)", "a = 1", "element_at(array(1), 5)", "array(1)[5]", "to_timestamp(a)", "to_timestamp(a, 'yyyy')", "to_date(a)", "make_date(2016, 13, 1)", "CAST('1e400' AS DECIMAL(10,2))", "abs(CAST(-2147483648 AS INT))", "-CAST(-2147483648 AS INT)", "CAST(200 AS TINYINT)", "CAST(3000000000 AS INT)", "int(a)", "CAST(-1 AS BINARY)", "conv('x', 10, 16)", "hex(-1)", "bround(b)", "sqrt(-1)", "ln(0)", "log(-1)", "pow(2, 1000)", "exp(1000)")

# ---------------------------------------------------------------- TIME while it is off (the default)
off = Topic("expr_time_off")
off.lit("TIME'12:34:56'", "CAST('12:34:56' AS TIME)", "TRY_CAST('x' AS TIME)", "to_time('12:34:56')", "make_time(1, 2, 3)", "current_time()", "typeof(TIME'12:34:56')", "hour(TIME'12:34:56')", "CAST(NULL AS TIME(0))", "TIME'25:00:00'", "struct(TIME'12:34:56')", "array(CAST(NULL AS TIME))")
off.on("x TIME", lines_of("TIME"), "x", "x IS NULL", "CAST(x AS STRING)", "hour(x)", "x = x", "coalesce(x, x)", "struct(x)")

# ---------------------------------------------------------------- aggregates of a whole input, order, hashes
agg = Topic("expr_aggregate")
for name in TYPES:
    for conf in (None, OFF):
        agg.on("x " + name, lines_of(name), "count(x)", "sum(x)", "avg(x)", "min(x)", "max(x)", "try_sum(x)", "try_avg(x)", "mean(x)", "sort_array(collect_list(x))", "sort_array(collect_list(x), false)", "size(collect_set(x))", conf=conf)
    agg.on("x " + name, [], "count(*)", "count(x)", "sum(x)", "avg(x)", "min(x)", "max(x)")
    agg.on("x " + name, ["{}", "{}"], "count(*)", "count(x)", "sum(x)", "avg(x)", "min(x)", "max(x)")
for name in ("DECIMAL(1,0)", "DECIMAL(5,5)", "DECIMAL(9,2)", "DECIMAL(18,6)", "DECIMAL(28,0)", "DECIMAL(29,0)", "DECIMAL(34,4)", "DECIMAL(35,3)", "DECIMAL(38,4)", "DECIMAL(38,38)"):
    agg.on("x " + name, ['{"x":0}', '{"x":0.5}' if "5,5" in name or "38,38" in name else '{"x":7}', '{"x":0.33333}' if "5,5" in name or "38,38" in name else '{"x":1}'], "sum(x)", "avg(x)", "min(x)", "max(x)", "sum(x) + 1", "avg(x) / 2", "sum(x + x)")
agg.on("a INT, b STRING, c DOUBLE", rows(["a", "b", "c"], [("1", '"x"', "0.1"), ("2", None, "0.2"), (None, '"y"', "0.3"), ("2", '"x"', None)]), "count(*)", "count(1)", "count(NULL)", "count(a, b)", "count(DISTINCT a)", "count(DISTINCT a, b)", "sum(DISTINCT a)", "avg(DISTINCT a)", "count(*) FILTER (WHERE a > 1)", "sum(a) FILTER (WHERE b = 'x')", "sum(a) / count(a)", "sum(a * c)", "avg(a + c)", "max(a) - min(a)", "sum(1)", "sum(1.5)", "sum('2')", "sum(b)", "sum(NULL)", "avg(NULL)", "min(NULL)", "count_if(a > 1)", "any_value(a) IS NULL", "first(a)", "last(a)", "first(b, true)", "last(c, true)", "max_by(b, a)", "min_by(b, a)", "bool_and(a > 0)", "bool_or(a > 1)", "every(a > 0)", "some(a > 1)", "stddev(c)", "variance(a)", "corr(a, c)", "sum(sum(a))", "count(*) + a", "count()", "sum(*)", "max(struct(a, b))", "min(struct(a, b))", "max(array(a))", "array_agg(a)", "concat_ws(',', collect_list(b))", "listagg(b, ',')", "sum(CASE WHEN a = 2 THEN 1 ELSE 0 END)", "sum(if(a = 2, 1, NULL))", "sum(a) OVER ()", "percentile(a, 0.5)", "approx_count_distinct(a)", "grouping(a)")
hashes = Topic("expr_hash")
for name in TYPES:
    hashes.on("x " + name, lines_of(name), "hash(x)", "xxhash64(x)", "hash(x, x)", "hash(1, x)", "hash(struct(x))", "hash(array(x, x))", "pmod(hash(x), 200)")
hashes.lit("hash()", "hash(NULL)", "hash('')", "hash(1Y, 1S, 1, 1L)", "hash(map(1, 2))", "hash(0.0D, -0.0D)", "hash(CAST('NaN' AS DOUBLE))", "hash(CAST('NaN' AS FLOAT))", "hash(array())", "hash(struct(1, struct('a', NULL)))", "hash('abcd', 'abcde', 'abcdef', 'abcdefg')", "hash(1.5BD)", "hash(CAST(1 AS DECIMAL(38,0)))", "hash(CAST(-1 AS DECIMAL(38,0)))", "hash(CAST(1 AS DECIMAL(18,0)), CAST(1 AS DECIMAL(19,0)))", "hash(X'', X'00', X'0001020304')", "hash('\u00e9\u6f22')")
