# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Streaming queries asked of Spark. The answers are in tests/golden/stream*.jsonl."""

TOPICS = {"stream": [], "stream_error": []}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}
ONE = {"maxFilesPerTrigger": "1"}
FULL = {"truncate": "false", "numRows": "1000"}


def files(*texts, start=0):
    return [{"name": "f%03d.json" % (start + i), "text": t} for i, t in enumerate(texts)]


def case(name, schema, sql, batches, mode="complete", options=ONE, sink=FULL, conf=None, topic="stream", watermark=None, **more):
    if batches and isinstance(batches[0], dict):
        batches = [batches]
    TOPICS[topic].append({"name": name, "schema": schema, "sql": sql, "batches": batches, "outputMode": mode, "options": dict(options or {}), "sinkOptions": sink, "conf": conf, "watermark": watermark, **more})


EVENTS = [
    "".join('{"time":%d,"action":"%s"}\n' % (1469501107 + 170 * i, "Open" if i % 3 else "Close") for i in range(24)),
    "".join('{"time":%d,"action":"%s"}\n' % (1469505107 + 150 * i, "Close" if i % 4 else "Open") for i in range(30)),
    '{"time":1469501107,"action":null}\n{"time":null,"action":"Open"}\n{"action":"Open"}\n{}\nbad line\n\n{"time":"2016-07-26T02:50:00Z","action":"Late"}\n',
]
ES = "time TIMESTAMP, action STRING"
COUNT = "SELECT action, window(time, '1 hour') AS window, count(*) AS count FROM input GROUP BY action, window(time, '1 hour')"
E3 = files(*EVENTS)
for mode in ("complete", "update"):
    case("windowed count, " + mode, ES, COUNT, E3, mode, conf=CHICAGO)
    case("windowed count, ordered, " + mode, ES, COUNT + " ORDER BY window, action", E3, mode, conf=CHICAGO)
    case("windowed count, one batch, " + mode, ES, COUNT, E3, mode, options={}, conf=CHICAGO)
    case("windowed count, two files a batch, " + mode, ES, COUNT, E3, mode, options={"maxFilesPerTrigger": "2"}, conf=CHICAGO)
    case("windowed count, two runs, " + mode, ES, COUNT + (" ORDER BY window.start, action" if mode == "complete" else ""), [files(EVENTS[0]), files(EVENTS[1], EVENTS[2], start=1), []], mode, conf=CHICAGO)
    case("sliding window, " + mode, ES, "SELECT window(time, '1 hour', '30 minutes') AS w, count(*) AS n, count(action) AS a FROM input GROUP BY 1" + (" ORDER BY w" if mode == "complete" else ""), E3, mode)
    case("count of everything, " + mode, ES, "SELECT count(*), count(action), count(time) FROM input", E3, mode)
    case("count by action, " + mode, ES, "SELECT action, count(*) AS n FROM input GROUP BY action" + (" ORDER BY n DESC, action" if mode == "complete" else ""), E3, mode)
    case("default sink options, " + mode, ES, COUNT + (" ORDER BY window, action" if mode == "complete" else ""), E3, mode, sink={})
case("numRows 3", ES, COUNT + " ORDER BY window, action", E3, sink={"numRows": "3", "truncate": "false"})
case("numRows 1", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY action", E3, sink={"numRows": "1"})
case("truncate true", ES, COUNT + " ORDER BY window, action", E3[:1], sink={"truncate": "true"})
case("order by nulls last", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY action NULLS LAST", E3)
case("order by desc nulls first", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY action DESC NULLS FIRST", E3)
case("order by expression", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY n % 7, action", E3)
case("order by ordinal", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY 2 DESC, 1", E3)
case("order by and limit", ES, "SELECT action, count(*) n FROM input GROUP BY action ORDER BY n DESC LIMIT 2", E3)
case("limit", ES, "SELECT action, count(*) n FROM input GROUP BY action LIMIT 1", files('{"action":"a"}\n', '{"action":"a"}\n'))
case("having", ES, "SELECT action, count(*) n FROM input GROUP BY action HAVING count(*) > 25 ORDER BY action", E3)
case("where", ES, "SELECT action, count(*) n FROM input WHERE action <> 'Open' GROUP BY action ORDER BY action", E3)
case("subquery", ES, "SELECT a, sum(n) s FROM (SELECT upper(action) a, 1 AS n FROM input WHERE action IS NOT NULL) GROUP BY a ORDER BY a", E3)
case("with", ES, "WITH t AS (SELECT action, hour(time) h FROM input) SELECT h, count(*) FROM t GROUP BY h ORDER BY h", E3)
case("group by alias", ES, "SELECT upper(action) AS a, count(*) FROM input GROUP BY a ORDER BY a", E3)
case("group by all", ES, "SELECT upper(action) AS a, count(*) FROM input GROUP BY ALL ORDER BY a", E3)
case("group by expression used in the select", ES, "SELECT hour(time) + 1 AS h, count(*) FROM input GROUP BY hour(time) + 1 ORDER BY h", E3, conf=CHICAGO)
case("expressions over aggregates", ES, "SELECT action, count(*) * 2 + 1 AS x, max(time) > min(time) AS y, date_format(max(time), 'HH:mm') AS z FROM input GROUP BY action ORDER BY action", E3, conf=CHICAGO)
case("aggregate without group and no rows", ES, "SELECT count(*), sum(1), max(action) FROM input", [files("")])
case("distinct rows", ES, "SELECT DISTINCT action FROM input", files('{"action":"a"}\n{"action":"b"}\n{"action":"a"}\n', '{"action":"b"}\n{"action":"c"}\n'), "update")
case("distinct rows, append", ES, "SELECT DISTINCT action FROM input", files('{"action":"a"}\n'), "append")
case("append with watermark", ES, COUNT, E3[:2], "append", watermark=["time", "10 minutes"], conf=CHICAGO)
case("update with watermark", ES, COUNT, E3, "update", watermark=["time", "10 minutes"], conf=CHICAGO)
case("late rows with watermark, append", ES, COUNT, [files('{"time":"2020-01-01T00:10:00Z","action":"a"}\n', '{"time":"2020-01-01T05:00:00Z","action":"b"}\n', '{"time":"2020-01-01T00:20:00Z","action":"late"}\n{"time":"2020-01-01T04:59:00Z","action":"ok"}\n', '{"time":"2020-01-01T09:00:00Z","action":"c"}\n')], "append", watermark=["time", "10 minutes"])
for mode in ("append", "update"):
    case("select all, " + mode, ES, "SELECT * FROM input", E3[2:], mode)
    case("filter and projection, " + mode, ES, "SELECT time, upper(action) AS action, unix_timestamp(time) AS t FROM input WHERE action = 'Close' AND time IS NOT NULL", files(EVENTS[0][:400] + "\n", EVENTS[1][:400] + "\n"), mode, conf=CHICAGO)
case("default output mode", ES, "SELECT action FROM input", files('{"action":"x"}\n'), None)
case("empty batch of a file without rows", ES, "SELECT action FROM input", files('{"action":"x"}\n', "", '{"action":"y"}\n'), "append")
case("empty folder", ES, "SELECT action FROM input", [[]], "append")
case("empty folder, aggregate", ES, "SELECT count(*) FROM input", [[]], "complete")
case("no rows pass the filter", ES, "SELECT action FROM input WHERE action = 'none'", files('{"action":"x"}\n'), "append")
case("no rows pass the filter, aggregate update", ES, "SELECT action, count(*) FROM input WHERE action = 'none' GROUP BY action", files('{"action":"x"}\n'), "update")
case("no rows pass the filter, global aggregate update", ES, "SELECT count(*) FROM input WHERE action = 'none'", files('{"action":"x"}\n', '{"action":"y"}\n'), "update")
case("limit in append", ES, "SELECT action FROM input LIMIT 3", files('{"action":"a"}\n{"action":"b"}\n', '{"action":"c"}\n{"action":"d"}\n', '{"action":"e"}\n'), "append")
case("union all", ES, "SELECT action FROM input WHERE action = 'a' UNION ALL SELECT upper(action) FROM input", files('{"action":"a"}\n{"action":"b"}\n'), "append")
case("latestFirst", ES, "SELECT action FROM input", files('{"action":"a"}\n', '{"action":"b"}\n'), "append", options={"maxFilesPerTrigger": "1", "latestFirst": "true"})
case("maxBytesPerTrigger", ES, "SELECT action FROM input", files('{"action":"a"}\n', '{"action":"b"}\n', '{"action":"c"}\n'), "append", options={"maxBytesPerTrigger": "20"})
case("once trigger", ES, "SELECT action FROM input", files('{"action":"a"}\n', '{"action":"b"}\n'), "append", trigger={"once": True})
case("FAILFAST", ES, "SELECT action FROM input", files('{"action":"a"}\n', 'bad\n'), "append", options={"maxFilesPerTrigger": "1", "mode": "FAILFAST"})
case("division by zero in the second batch", "a INT", "SELECT 1 / a AS x FROM input", files('{"a":1}\n', '{"a":0}\n'), "append")
case("sum overflow in the second batch", "a BIGINT", "SELECT sum(a) FROM input", files('{"a":9223372036854775807}\n', '{"a":1}\n'), "complete")

# ---------------------------------------------------------------- aggregates over every type
VALUES = {
    "TINYINT": ["1", "127", "-128", "null", "127"],
    "SMALLINT": ["1", "32767", "-32768", "null", "32767"],
    "INT": ["1", "2147483647", "2147483647", "null", "-5"],
    "BIGINT": ["1", "9007199254740993", "-4", "null", "9007199254740993"],
    "FLOAT": ["0.1", "0.2", "3.4028235E38", "null", "-0.0", "16777216", "1"],
    "DOUBLE": ["0.1", "0.2", "1e300", "null", "-1e300", "0.3"],
    "DECIMAL(5,2)": ["1.10", "999.99", "-999.99", "null", "0.01"],
    "DECIMAL(38,18)": ["1.000000000000000001", "99999999999999999999", "-1", "null"],
    "DECIMAL(20,0)": ["99999999999999999999", "1", "null", "2"],
}
for t, values in VALUES.items():
    first = "".join('{"k":%d,"x":%s}\n' % (i % 2, v) for i, v in enumerate(values))
    case("aggregates over " + t, "k INT, x " + t, "SELECT k, count(x) c, sum(x) s, avg(x) a, min(x) lo, max(x) hi FROM input GROUP BY k ORDER BY k", files(first, first, '{"k":7}\n{"k":7,"x":null}\n'))
    case("global aggregates over " + t, "k INT, x " + t, "SELECT count(*) n, count(x) c, sum(x) s, avg(x) a, min(x) lo, max(x) hi FROM input", files('{"k":7}\n', first))
OTHER = {
    "STRING": ['"b"', '"a"', '""', "null", '"\u00e9"', '"B"', '"\U0001F600"', '"\uffee"'],
    "BOOLEAN": ["true", "false", "null"],
    "BINARY": ['"AA=="', '"/w=="', '""', "null"],
    "DATE": ['"2016-07-25"', '"1969-12-31"', "null"],
    "TIMESTAMP": ['"2016-07-25T21:45:07.5Z"', '"1969-12-31T00:00:00Z"', "null"],
    "TIMESTAMP_NTZ": ['"2016-07-25T21:45:07.5"', '"1969-12-31T00:00:00"', "null"],
    "INTERVAL DAY TO SECOND": ["\"INTERVAL '1 00:00:00' DAY TO SECOND\"", "\"INTERVAL '-2 00:00:00.5' DAY TO SECOND\"", "null"],
    "INTERVAL YEAR TO MONTH": ["\"INTERVAL '1-1' YEAR TO MONTH\"", "\"INTERVAL '0-3' YEAR TO MONTH\"", "null"],
    "STRUCT<a:INT,b:STRING>": ['{"a":1,"b":"x"}', '{"a":1}', '{"b":"z"}', "null"],
    "ARRAY<INT>": ["[1,2]", "[1]", "[]", "[null]", "null"],
}
for t, values in OTHER.items():
    text = "".join('{"k":%d,"x":%s}\n' % (i % 2, v) for i, v in enumerate(values))
    case("min and max over " + t, "k INT, x " + t, "SELECT k, count(x) c, min(x) lo, max(x) hi FROM input GROUP BY k ORDER BY k", files(text, text, '{"k":7}\n'))
    case("grouped by " + t, "k INT, x " + t, "SELECT x, count(*) n FROM input GROUP BY x ORDER BY x", files(text, text))
    case("grouped by %s, update" % t, "k INT, x " + t, "SELECT x, count(*) n FROM input GROUP BY x", files(text[: text.index("\n") + 1], text), "update")
for t in ("INTERVAL DAY TO SECOND", "INTERVAL YEAR TO MONTH"):
    text = "".join('{"x":%s}\n' % v for v in OTHER[t])
    case("sum and avg over " + t, "x " + t, "SELECT sum(x) s, avg(x) a FROM input", files(text, text))
for t in VALUES:
    text = "".join('{"x":%s}\n' % v for v in VALUES[t])
    case("grouped by " + t, "x " + t, "SELECT x, count(*) n FROM input GROUP BY x ORDER BY x", files(text, text))
for t in ("DOUBLE", "FLOAT"):
    odd = '{"x":0.0}\n{"x":-0.0}\n{"x":"NaN"}\n{"x":"NaN"}\n{"x":"Infinity"}\n{"x":"-Infinity"}\n{"x":null}\n{"x":1.5}\n'
    case("odd keys of " + t, "x " + t, "SELECT x, count(*) n FROM input GROUP BY x ORDER BY x", files(odd, odd, '{"x":-0.0}\n'))
    case("first key is minus zero " + t, "x " + t, "SELECT x, count(*) n FROM input GROUP BY x", files('{"x":-0.0}\n', '{"x":0.0}\n'))
    case("odd values of " + t, "x " + t, "SELECT count(x) c, sum(x) s, avg(x) a, min(x) lo, max(x) hi FROM input", files('{"x":-0.0}\n', '{"x":0.0}\n', '{"x":"NaN"}\n', '{"x":"-Infinity"}\n'))
    case("minus zero in a nested key " + t, "x STRUCT<a:%s>, r ARRAY<%s>" % (t, t), "SELECT x, r, count(*) n FROM input GROUP BY x, r ORDER BY n, x, r", files('{"x":{"a":0.0},"r":[0.0]}\n{"x":{"a":-0.0},"r":[-0.0]}\n{"x":{"a":"NaN"},"r":["NaN"]}\n', '{"x":{"a":-0.0},"r":[0.0]}\n{"x":{"a":"NaN"},"r":["NaN"]}\n'))
case("infinite sums", "x DOUBLE", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":"Infinity"}\n', '{"x":"-Infinity"}\n'))
case("double overflow", "x DOUBLE", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":1.7e308}\n{"x":1.7e308}\n'))
case("decimal sum overflow", "x DECIMAL(38,0)", "SELECT sum(x) s FROM input", files('{"x":99999999999999999999999999999999999999}\n', '{"x":1}\n'))
case("decimal sum overflow, ANSI off", "x DECIMAL(38,0)", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":99999999999999999999999999999999999999}\n', '{"x":1}\n', '{"x":-5}\n'), conf={"spark.sql.ansi.enabled": "false"})
case("long sum overflow, ANSI off", "x BIGINT", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":9223372036854775807}\n', '{"x":1}\n'), conf={"spark.sql.ansi.enabled": "false"})
case("sum of strings, ANSI off", "x STRING", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":"1.5"}\n{"x":"x"}\n{"x":"2"}\n'), conf={"spark.sql.ansi.enabled": "false"})
case("sum of strings", "x STRING", "SELECT sum(x) s, avg(x) a FROM input", files('{"x":"1.5"}\n{"x":"2"}\n'))
case("sum of a bad string", "x STRING", "SELECT sum(x) s FROM input", files('{"x":"1.5"}\n{"x":"x"}\n'))
case("try_sum", "x BIGINT", "SELECT try_sum(x) s, try_avg(x) a FROM input", files('{"x":9223372036854775807}\n', '{"x":1}\n', '{"x":-5}\n'))
case("count of several columns", "a INT, b INT", "SELECT count(a, b), count(*), count(1), count(NULL) FROM input", files('{"a":1,"b":1}\n{"a":1}\n{}\n'))
case("filter clause", "a INT", "SELECT count(*) FILTER (WHERE a > 1) c, sum(a) FILTER (WHERE a > 1) s, max(a) FILTER (WHERE a > 100) m FROM input", files('{"a":1}\n{"a":2}\n{"a":3}\n'))
case("many keys of many types", "a INT, b STRING, c DOUBLE, d DATE", "SELECT a, b, c, d, count(*) n FROM input GROUP BY a, b, c, d ORDER BY a, b, c, d", files('{"a":1,"b":"x","c":1.5,"d":"2016-07-25"}\n{"a":1,"b":"x","c":1.5,"d":"2016-07-25"}\n{"a":1}\n{}\n', '{"a":1,"b":"x","c":1.5,"d":"2016-07-25"}\n{"b":"x"}\n{}\n'))
case("group by a struct field", "s STRUCT<a:INT,b:STRING>", "SELECT s.a, count(s.b) n FROM input GROUP BY s.a ORDER BY s.a", files('{"s":{"a":1,"b":"x"}}\n{"s":{"a":1}}\n{}\n'))
case("group by a window and a struct", ES, "SELECT struct(action, hour(time) AS h) AS k, count(*) n FROM input GROUP BY 1 ORDER BY k", files(EVENTS[0][:1000] + "\n", EVENTS[2]), conf=CHICAGO)
case("window on timestamp_ntz", "time TIMESTAMP_NTZ", "SELECT window(time, '1 day') w, count(*) FROM input GROUP BY 1 ORDER BY w", files('{"time":"2016-03-13T02:30:00"}\n{"time":"2016-03-13T23:30:00"}\n{"time":"1960-03-13T23:30:00"}\n'), conf=CHICAGO)
case("window over DST", ES, "SELECT window(time, '1 hour') w, count(*) FROM input GROUP BY 1 ORDER BY w", files("".join('{"time":"2016-11-06T%02d:30:00Z"}\n{"time":"2016-03-13T%02d:30:00Z"}\n' % (h, h) for h in range(4, 10))), conf=CHICAGO)
case("window start and end as columns", ES, "SELECT window.start, window.end, n FROM (SELECT window(time, '1 hour') AS window, count(*) AS n FROM input GROUP BY 1) ORDER BY start", E3, conf=CHICAGO)
case("group by window only, default name", ES, "SELECT window, count(*) FROM input GROUP BY window(time, '1 hour') ORDER BY window", E3[:1], conf=CHICAGO)
case("unix_timestamp as key", ES, "SELECT unix_timestamp(time) DIV 3600 AS h, action, count(*) n FROM input GROUP BY ALL ORDER BY h, action", E3)
case("case as key", ES, "SELECT CASE WHEN action IS NULL THEN 'none' WHEN action = 'Open' THEN 'o' ELSE 'other' END AS k, count(*) n FROM input GROUP BY 1 ORDER BY 1", E3)
case("_corrupt_record", "time TIMESTAMP, action STRING, _corrupt_record STRING", "SELECT * FROM input", E3[2:], "append")
case("gzip and plain files", "a INT", "SELECT a FROM input", [[{"name": "a.json.gz", "b64": "H4sIAAAAAAACA6tWSlSyMqzlAgBGo+h0CAAAAA=="}, {"name": "b.json", "text": '{"a":2}\n'}]], "append")
case("hidden files", "a INT", "SELECT a FROM input", [[{"name": "_a.json", "text": '{"a":1}\n'}, {"name": ".b.json", "text": '{"a":2}\n'}, {"name": "c", "text": '{"a":3}\n'}]], "append")
case("column named value and spaces", "`a b` INT, value STRING", "SELECT `a b` + 1, value FROM input", files('{"a b":1,"value":"x"}\n'), "append")
case("file renamed the same content", "a INT", "SELECT sum(a) FROM input", [files('{"a":1}\n'), files('{"a":1}\n', start=5)])
case("shuffle partitions 3, ordered", ES, COUNT + " ORDER BY window, action", E3, conf={"spark.sql.shuffle.partitions": "3"})

# ---------------------------------------------------------------- errors at start
T = "stream_error"
ONEROW = [files('{"time":1469501107,"action":"Open"}\n')]
for mode, sql in (
    ("append", COUNT), ("append", "SELECT count(*) FROM input"), ("append", "SELECT * FROM input ORDER BY time"), ("update", "SELECT * FROM input ORDER BY time"), ("complete", "SELECT * FROM input"),
    ("complete", "SELECT * FROM input WHERE action = 'x'"), ("complete", "SELECT * FROM input ORDER BY time"), ("update", "SELECT action, count(*) FROM input GROUP BY action ORDER BY action"), ("update", "SELECT action, count(*) n FROM input GROUP BY action LIMIT 1"), ("append", "SELECT DISTINCT action FROM input"),
    ("nonsense", "SELECT * FROM input"), ("", "SELECT * FROM input"), ("APPEND", "SELECT * FROM input"), ("Complete", "SELECT count(*) FROM input"), ("append", "SELECT nope FROM input"), ("append", "SELECT actoin FROM input"), ("append", "SELECT * FROM nope"), ("append", "SELECT * FRM input"), ("append", "SELECT FROM input"), ("append", ""),
    ("append", "SELECT nofunc(action) FROM input"), ("complete", "SELECT action, count(*) FROM input"), ("complete", "SELECT action, time, count(*) FROM input GROUP BY action"), ("complete", "SELECT count(DISTINCT action) FROM input"), ("complete", "SELECT sum(n) FROM (SELECT action, count(*) n FROM input GROUP BY action)"),
    ("append", "SELECT sum(n) FROM (SELECT action, count(*) n FROM input GROUP BY action)"), ("append", "SELECT *, row_number() OVER (PARTITION BY action ORDER BY time) FROM input"), ("append", "SELECT a.action FROM input a JOIN input b ON a.action = b.action"), ("complete", "SELECT a.action, count(*) FROM input a JOIN input b ON a.action = b.action GROUP BY 1"), ("append", "SELECT action FROM input EXCEPT SELECT action FROM input"),
    ("append", "SELECT action FROM input INTERSECT SELECT action FROM input"), ("append", "SELECT action FROM input WHERE action IN (SELECT action FROM input)"), ("complete", "SELECT action, count(*) FROM input GROUP BY 3"), ("complete", "SELECT action, count(*) FROM input GROUP BY count(*)"), ("complete", "SELECT action, count(*) FROM input GROUP BY action ORDER BY nope"), ("complete", "SELECT action, count(*) FROM input GROUP BY action ORDER BY 5"),
    ("complete", "SELECT window(time, '1 hour'), count(*) FROM input GROUP BY window(time, '2 hours')"), ("complete", "SELECT window(time, '1 month'), count(*) FROM input GROUP BY 1"), ("complete", "SELECT window(action, '1 hour'), count(*) FROM input GROUP BY 1"), ("complete", "SELECT count(*) FROM input GROUP BY window(time, '1 hour'), window(time, '2 hours')"), ("complete", "SELECT approx_count_distinct(action) FROM input"), ("complete", "SELECT map('a', action), count(*) FROM input GROUP BY 1"), ("append", "SELECT action FROM input WHERE time"), ("append", "SELECT action FROM input HAVING action = 'x'"), ("append", "SELECT action FROM input WHERE count(*) > 1"),
    ("complete", "SELECT action, count(*) FROM input GROUP BY ROLLUP(action)"), ("complete", "SELECT action, collect_list(time) FROM input GROUP BY action"), ("append", "SELECT action FROM input OFFSET 1"), ("append", "SELECT explode(array(1, 2)) FROM input"), ("append", "SELECT 1"), ("append", "SELECT rand() > 2 FROM input"), ("append", "INSERT INTO x SELECT * FROM input"), ("append", "SELECT action, action FROM input"), ("append", "SELECT current_timestamp() > time FROM input"), ("append", "SELECT DISTINCT action FROM input LIMIT 1"), ("append", "SELECT * FROM input LIMIT -1"), ("append", "SELECT * FROM input LIMIT 'x'"), ("append", "SELECT * FROM input SORT BY time"), ("append", "SELECT * FROM input TABLESAMPLE (10 PERCENT)"), ("complete", "SELECT any_value(action), first(action), last(action) FROM input"),
):
    case("%s: %s" % (mode, sql), ES, sql, ONEROW, mode, topic=T)
case("missing path", ES, "SELECT * FROM input", [[]], "append", topic=T, missing_path=True)
case("missing schema", None, "SELECT * FROM input", ONEROW, "append", topic=T)
case("missing schema but inferred", None, "SELECT * FROM input", ONEROW, "append", topic=T, conf={"spark.sql.streaming.schemaInference": "true"})
case("bad schema", "time TIMESTAMPP", "SELECT * FROM input", ONEROW, "append", topic=T)
for options in ({"maxFilesPerTrigger": "0"}, {"maxFilesPerTrigger": "-1"}, {"maxFilesPerTrigger": "x"}, {"maxFilesPerTrigger": ""}, {"maxBytesPerTrigger": "0"}, {"maxBytesPerTrigger": "x"}, {"maxFilesPerTrigger": "1", "maxBytesPerTrigger": "1"}, {"latestFirst": "x"}, {"maxFileAge": "x"}, {"maxFileAge": "1 day"}, {"cleanSource": "x"}, {"cleanSource": "delete"}, {"cleanSource": "archive"}, {"fileNameOnly": "x"}, {"nonsense": "x"}, {"mode": "x"}, {"multiLine": "x"}, {"maxCachedFiles": "-1"}, {"discardCachedInputRatio": "2"}, {"pathGlobFilter": "*.nope"}, {"recursiveFileLookup": "x"}, {"wholetext": "true"}, {"timestampFormat": "bad {"}, {"encoding": "nonsense"}, {"lineSep": ""}, {"modifiedBefore": "2020-01-01T00:00:00"}, {"MAXFILESPERTRIGGER": "0"}, {"startingOffsets": "earliest"}):
    case("source option %s" % options, ES, "SELECT * FROM input", ONEROW, "append", options=options, topic=T)
for sink in ({"numRows": "x"}, {"numRows": "0"}, {"numRows": "-1"}, {"truncate": "x"}, {"truncate": "5"}, {"numrows": "1"}, {"nonsense": "1"}, {"truncate": "TRUE"}, {"truncate": "False"}):
    case("sink option %s" % sink, ES, "SELECT * FROM input", ONEROW, "append", sink=sink, topic=T)
for trigger in ({"processingTime": "x"}, {"processingTime": "-1 seconds"}, {"processingTime": ""}, {"processingTime": "1 month"}):
    case("trigger %s" % trigger, ES, "SELECT * FROM input", ONEROW, "append", topic=T, trigger=trigger)
for delay in ("x", "-1 minutes", "1 month", ""):
    case("watermark delay %r" % delay, ES, COUNT, ONEROW, "append", topic=T, watermark=["time", delay])
case("watermark on a string", ES, COUNT, ONEROW, "append", topic=T, watermark=["action", "1 minute"])
case("watermark on nothing", ES, COUNT, ONEROW, "append", topic=T, watermark=["nope", "1 minute"])
for key, value in (("spark.sql.shuffle.partitions", "0"), ("spark.sql.shuffle.partitions", "x"), ("spark.sql.session.timeZone", "Mars/Base"), ("spark.sql.ansi.enabled", "maybe"), ("spark.nonsense", "1")):
    case("configuration %s=%s" % (key, value), ES, "SELECT * FROM input", ONEROW, "append", topic=T, conf={key: value})
