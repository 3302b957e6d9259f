# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked of aggregate queries: every function over every kind of input, DISTINCT, and grouping sets.

A query reads the view `input`. `{}` in a template stands for the aggregate."""

import json

CASES = []
TOPICS = {"aggregate": CASES}
INPUTS = {}  # (schema, rows) -> its name
LEGACY = {"spark.sql.ansi.enabled": "false"}


def case(sql, schema, rows, conf=None, note=""):
    name = sql + ("" if not conf else " " + ",".join(sorted(conf.values()))) + (" " + note if note else "")
    key = (schema, tuple(rows))
    if key not in INPUTS:
        INPUTS[key] = "input %d" % len(INPUTS)
        CASES.append({"name": INPUTS[key], "schema": schema, "rows": rows})
    CASES.append({"name": name, "input": INPUTS[key], "sql": sql, "conf": conf})


def lines(names, values):
    return [json.dumps({n: v for n, v in zip(names, row) if v is not None}) for row in values]


SCHEMA = "g STRING, a INT, b INT, l BIGINT, c DOUBLE, f FLOAT, d DECIMAL(10,2), s STRING, o BOOLEAN, t DATE, y BINARY"
NAMES = ["g", "a", "b", "l", "c", "f", "d", "s", "o", "t", "y"]
ROWS = lines(NAMES, [
    ("x", 1, 10, 5, 0.5, 1.5, 1.25, "b", True, "2024-01-03", "AQ=="),
    ("x", 2, 20, 7, 1.5, 2.5, 2.50, "a", False, "2024-01-01", "Ag=="),
    ("x", 2, 20, -7, 1.5, 2.5, 2.50, "a", None, None, None),
    ("x", None, 30, 9, None, None, None, None, True, "2023-12-31", "AQ=="),
    ("y", 4, None, 11, -2.25, -1.0, -3.75, "\u00e9\u6f22", True, "2024-02-29", "/w=="),
    ("y", 4, 7, 11, 8.0, 0.25, 100.01, "", True, "2024-01-01", ""),
    ("y", 9, 3, 4611686018427387904, 1e300, 3.0, 99999999.99, "zz", True, "1999-01-01", "YWI="),
    ("z", None, None, None, None, None, None, None, None, None, None),
    ("z", None, None, None, None, None, None, None, None, None, None),
    (None, 7, 7, 7, 7.0, 7.0, 7.0, "7", False, "2024-07-07", "Nw=="),
    (None, 8, 9, 7, -0.0, 0.0, 0.0, "a", False, "2024-07-07", "Nw=="),
])
PAIR = [json.dumps(dict(a=i, b=(i * 37 % 11), g="k%d" % (i % 3), c=((i * 7919) % 101) / 4.0)) for i in range(60)]

PLAIN = """count(*) count(a) count(a,b) sum(a) sum(c) sum(d) avg(a) avg(d) min(s) max(s) min(t) max(y) min(o) max(struct(a,s))
min(array(a,b)) any_value(a) first(a) first(a,true) first_value(s,true) last(a) last(s,true) last_value(a) max_by(s,a) min_by(s,c)
bool_and(o) every(o) bool_or(o) some(o) any(o) count_if(a>2) bit_and(a) bit_or(a) bit_xor(a) bit_and(l) bit_or(l) bit_xor(l)
bit_and(CAST(a_AS_TINYINT)) bit_xor(CAST(b_AS_SMALLINT)) stddev(a) std(a) stddev_samp(c) stddev_pop(a) variance(a) var_samp(d)
var_pop(l) skewness(a) skewness(c) kurtosis(a) kurtosis(b) corr(a,b) covar_pop(a,b) covar_samp(a,c) corr(d,f)
regr_avgx(a,b) regr_avgy(a,b) regr_count(a,b) regr_intercept(a,b) regr_r2(a,b) regr_slope(a,b) regr_sxx(a,b) regr_sxy(a,b) regr_syy(a,b)
collect_list(a) array_agg(a) collect_list(s) collect_list(struct(a,s)) collect_set(a) collect_set(s) collect_list(c) collect_set(d)
approx_count_distinct(a) approx_count_distinct(s) approx_count_distinct(c) approx_count_distinct(d,0.01) approx_count_distinct(t) approx_count_distinct(o)
approx_count_distinct(y) approx_count_distinct(l,0.1) approx_count_distinct(f) approx_count_distinct(struct(a,s)) approx_count_distinct(CAST(d_AS_DECIMAL(38,2)))
percentile(a,0.5) percentile(a,array(0.0,0.25,0.5,0.75,1.0)) percentile(c,0.3) percentile(d,0.5) percentile(a,0.5,b) median(a) median(c) median(d)
percentile_cont(0.5)WITHIN_GROUP(ORDER_BY_a) percentile_cont(0.25)WITHIN_GROUP(ORDER_BY_c_DESC) percentile_disc(0.5)WITHIN_GROUP(ORDER_BY_a) percentile_disc(0.25)WITHIN_GROUP(ORDER_BY_a_DESC)
percentile_cont(array(0.1,0.9))WITHIN_GROUP(ORDER_BY_a) percentile_disc(array(0.1,0.9))WITHIN_GROUP(ORDER_BY_a)
percentile_approx(a,0.5) approx_percentile(a,array(0.1,0.5,0.9)) percentile_approx(c,0.5,100) percentile_approx(d,0.5) percentile_approx(t,0.5) percentile_approx(l,0.9,10) percentile_approx(f,0.1)
mode(a) mode(s) mode(d) mode(struct(a)) mode(a,true) mode()WITHIN_GROUP(ORDER_BY_a) mode()WITHIN_GROUP(ORDER_BY_a_DESC)
histogram_numeric(a,3) histogram_numeric(c,2) histogram_numeric(d,10) histogram_numeric(t,2)
listagg(s) listagg(s,',') string_agg(s,',') listagg(s,',')WITHIN_GROUP(ORDER_BY_s_DESC) listagg(s,',')WITHIN_GROUP(ORDER_BY_a,s) listagg(y,X'00') listagg(a,',')
try_sum(a) try_sum(l) try_sum(d) try_sum(c) try_avg(a) try_avg(d) try_avg(l) sum(l)
sum(o)""".split()
for text in PLAIN:
    call = text.replace("_DESC", " DESC").replace("ORDER_BY_", "ORDER BY ").replace("WITHIN_GROUP", " WITHIN GROUP ").replace("_AS_", " AS ")
    case("SELECT %s FROM input" % call, SCHEMA, ROWS)
    case("SELECT g, %s AS r FROM input GROUP BY g ORDER BY g" % call, SCHEMA, ROWS)
    case("SELECT %s AS r FROM input WHERE a > 100" % call, SCHEMA, ROWS)
    case("SELECT %s FILTER (WHERE a > 1) AS r FROM input" % call, SCHEMA, ROWS)
for call in """stddev(x) var_pop(x) skewness(x) kurtosis(x) corr(x,x) bit_or(x) collect_list(x) collect_set(x) mode(x) median(x) percentile(x,0.4)
percentile_approx(x,0.4) approx_count_distinct(x) count(DISTINCT x) sum(DISTINCT x) avg(DISTINCT x) min(DISTINCT x) try_sum(x) try_avg(x)
histogram_numeric(x,2) listagg(x) max_by(x,x) any_value(x) array_agg(DISTINCT x)""".split("\n"):
    for one in call.replace("DISTINCT ", "DISTINCT_").split():
        one = one.replace("DISTINCT_", "DISTINCT ")
        for kind, values in {
            "DOUBLE": ["NaN", 0.0, -0.0, 1.5, "NaN", None, 0.0], "TINYINT": [1, None, 127, 1, -128], "SMALLINT": [5], "BIGINT": [9223372036854775807, 1, None, 9223372036854775807],
            "DECIMAL(38,0)": [99999999999999999999999999999999999999, 99999999999999999999999999999999999999, 1, None], "DECIMAL(5,3)": [1.125, 2.25, None, 1.125], "STRING": ["3", "1", None, "3", "b"],
            "DATE": ["2024-01-01", "2020-02-29", None, "2024-01-01"], "TIMESTAMP": ["2024-01-01T00:00:00Z", None, "2020-02-29T12:00:00Z", "2024-01-01T00:00:00Z"],
            "TIMESTAMP_NTZ": ["2024-01-01T00:00:00", "2020-02-29T12:00:00"], "INTERVAL DAY TO SECOND": ["INTERVAL '1 02:03:04' DAY TO SECOND", None, "INTERVAL '2 00:00:00' DAY TO SECOND"],
            "INTERVAL YEAR TO MONTH": ["INTERVAL '1-2' YEAR TO MONTH", None, "INTERVAL '0-3' YEAR TO MONTH"], "BOOLEAN": [True, None, False, True], "BINARY": ["AQ==", None, "AQ==", "Ag=="],
            "ARRAY<INT>": [[1], [1, None], None, [1]], "MAP<STRING,INT>": [{"a": 1}, None, {"a": 1}], "STRUCT<p:INT,q:STRING>": [{"p": 1, "q": "z"}, {"p": 1}, None, {"p": 1, "q": "z"}],
        }.items():
            for conf in (None, LEGACY):
                if conf and not ("sum" in one or "avg" in one or kind == "STRING"):
                    continue
                case("SELECT %s FROM input" % one, "x " + kind, lines(["x"], [(v,) for v in values]), conf, kind)

# ---- DISTINCT ----
for items in (
    "count(DISTINCT a)", "count(DISTINCT a, b)", "sum(DISTINCT a)", "avg(DISTINCT c)", "count(DISTINCT a), count(a)", "count(DISTINCT a), count(DISTINCT b)",
    "count(DISTINCT a), sum(DISTINCT b), count(*), sum(l % 1000), min(s), max(t)", "sum(DISTINCT a), avg(DISTINCT a), count(DISTINCT a)", "count(DISTINCT a) FILTER (WHERE b > 5)",
    "count(DISTINCT a) FILTER (WHERE b > 5), count(DISTINCT a), count(a) FILTER (WHERE b > 5)", "count(DISTINCT a) FILTER (WHERE b > 5), count(DISTINCT a) FILTER (WHERE b < 15)",
    "count(DISTINCT a + 1), sum(DISTINCT b * 2) + 1", "count(DISTINCT 1), count(DISTINCT NULL)", "count(DISTINCT a, 1)", "min(DISTINCT a), max(DISTINCT b)", "stddev(DISTINCT a), corr(DISTINCT a, b)",
    "count(DISTINCT struct(a, s))", "count(DISTINCT s), collect_list(a)", "count(DISTINCT s), count_if(a > 1), approx_count_distinct(a)", "count(DISTINCT d), first(a), last(a)", "count(DISTINCT *)",
    "count(DISTINCT a, b), count(DISTINCT b, a)", "bool_or(DISTINCT o), count(DISTINCT o)", "percentile(DISTINCT a, 0.5), count(DISTINCT a)", "count(DISTINCT a) AS n, sum(DISTINCT a) / count(DISTINCT a) AS m",
    "sum(DISTINCT d), sum(d)", "count(DISTINCT g, a)", "collect_list(DISTINCT a)", "size(collect_set(DISTINCT a))", "listagg(DISTINCT s, ',')", "listagg(DISTINCT s, ',') WITHIN GROUP (ORDER BY s)", "listagg(DISTINCT s, ',') WITHIN GROUP (ORDER BY a)",
):
    case("SELECT %s FROM input" % items, SCHEMA, ROWS)
    case("SELECT g, %s FROM input GROUP BY g ORDER BY g" % items, SCHEMA, ROWS)
    case("SELECT %s FROM input WHERE a > 100" % items, SCHEMA, ROWS)
    case("SELECT %s FROM input GROUP BY g, o" % items, SCHEMA, ROWS)
case("SELECT g, count(DISTINCT a) FROM input GROUP BY g HAVING count(DISTINCT a) > 1 ORDER BY sum(DISTINCT b)", SCHEMA, ROWS)
case("SELECT g FROM input GROUP BY g ORDER BY count(DISTINCT s) DESC, g", SCHEMA, ROWS)
case("SELECT count(DISTINCT a), b % 2 FROM input GROUP BY b % 2 ORDER BY 2", SCHEMA, ROWS)
case("SELECT DISTINCT count(DISTINCT a) FROM input GROUP BY g", SCHEMA, ROWS)
case("SELECT upper(DISTINCT s) FROM input", SCHEMA, ROWS)
case("SELECT count(DISTINCT m) FROM input", "m MAP<STRING,INT>", ['{"m":{"a":1}}', '{"m":{"a":1}}'])

# ---- grouping sets ----
GROUPS = ("ROLLUP(g, o)", "CUBE(g, o)", "GROUPING SETS ((g, o), g, ())", "g, o WITH ROLLUP", "g, o WITH CUBE", "g, ROLLUP(o)", "ROLLUP(g), CUBE(o)", "ROLLUP((g, o), a)", "GROUPING SETS (g, o)", "GROUPING SETS ((g), (g))",
          "g, o GROUPING SETS ((g, o), g)", "GROUPING SETS (ROLLUP(g, o), CUBE(g))", "GROUPING SETS ((g, o), ())", "CUBE(g, o), g", "ROLLUP(g, o, g)")
for group in GROUPS:
    case("SELECT g, o, count(*), sum(a), grouping_id() FROM input GROUP BY %s ORDER BY 5, 1, 2, 3" % group, SCHEMA, ROWS)
    case("SELECT g, o, grouping(g), grouping(o), grouping_id(g, o) AS i, count(DISTINCT a), sum(c) FROM input GROUP BY %s ORDER BY 5, 1, 2, 6" % group, SCHEMA, ROWS)
for sql in (
    "SELECT g, sum(a) FROM input GROUP BY ROLLUP(g) HAVING grouping(g) = 0 ORDER BY g", "SELECT g, sum(a) FROM input GROUP BY ROLLUP(g) HAVING sum(a) > 10 ORDER BY grouping(g), g",
    "SELECT g, sum(a) AS s FROM input GROUP BY CUBE(g) ORDER BY grouping_id(), g", "SELECT g FROM input GROUP BY CUBE(g, o) ORDER BY grouping_id(g, o), g, o", "SELECT a + 1, count(*) FROM input GROUP BY ROLLUP(a + 1) ORDER BY 1, 2",
    "SELECT a % 2 AS m, g, count(*) FROM input GROUP BY ROLLUP(m, g) ORDER BY 1, 2, 3", "SELECT upper(g), count(*) FROM input GROUP BY ROLLUP(g) ORDER BY 1, 2", "SELECT upper(g) AS u, count(*) FROM input GROUP BY ROLLUP(upper(g)) ORDER BY 1, 2",
    "SELECT g, max(g), count(g) FROM input GROUP BY ROLLUP(g) ORDER BY 1, 2, 3", "SELECT grouping(g) FROM input GROUP BY g", "SELECT grouping_id() FROM input GROUP BY g", "SELECT grouping(a) FROM input GROUP BY ROLLUP(g)",
    "SELECT grouping_id(a) FROM input GROUP BY ROLLUP(g)", "SELECT grouping_id(o, g) FROM input GROUP BY ROLLUP(g, o)", "SELECT grouping(g) FROM input", "SELECT count(*) FROM input GROUP BY ROLLUP(1)", "SELECT g, count(*) FROM input GROUP BY ROLLUP(1) ORDER BY 1, 2",
    "SELECT g, o, count(*) FROM input GROUP BY GROUPING SETS ((1, 2), 1) ORDER BY 1, 2, 3", "SELECT count(*) FROM input GROUP BY ()", "SELECT count(*) FROM input WHERE a > 100 GROUP BY GROUPING SETS (())", "SELECT g, count(*) FROM input WHERE a > 100 GROUP BY ROLLUP(g)",
    "SELECT a FROM input GROUP BY ROLLUP(g)", "SELECT g, o FROM input GROUP BY ROLLUP(g, o) ORDER BY g NULLS LAST, o, grouping_id()", "SELECT sum(a) OVER () FROM input GROUP BY ROLLUP(a)", "SELECT g, count(*) FROM input GROUP BY ALL ORDER BY g",
    "SELECT g, o, sum(a) FROM input GROUP BY ALL ORDER BY 1, 2", "SELECT sum(a) FROM input GROUP BY ALL", "SELECT g, sum(a) + b FROM input GROUP BY ALL ORDER BY 1, 2", "SELECT g, coalesce(o, false) AS k, count(*) AS n FROM input GROUP BY CUBE(g, k) ORDER BY 1, 2, 3",
    "SELECT CASE WHEN grouping(g) = 1 THEN 'all' ELSE g END AS k, count(*) FROM input GROUP BY ROLLUP(g) ORDER BY 1, 2", "SELECT input.g, count(*) FROM input GROUP BY ROLLUP(input.g) ORDER BY 1, 2", "SELECT i.g, i.a, count(*) FROM input i GROUP BY CUBE(i.g, a) ORDER BY 1, 2, 3",
    "SELECT DISTINCT grouping_id() FROM input GROUP BY CUBE(g, o, a) ORDER BY 1", "SELECT g, sum(a) FROM input GROUP BY CUBE(sum(a))", "SELECT g FROM input GROUP BY ROLLUP(g) ORDER BY sum(a)",
    "SELECT grouping__id FROM input GROUP BY ROLLUP(g)", "SELECT g, o, a, count(*) FROM input GROUP BY g, GROUPING SETS ((o), (a)) ORDER BY 1, 2, 3, 4", "SELECT t, count(*) FROM input GROUP BY ROLLUP(t) HAVING t IS NULL ORDER BY 2",
    "SELECT g FROM input GROUP BY GROUPING SETS", "SELECT g FROM input GROUP BY ROLLUP(", "SELECT g FROM input GROUP BY g WITH", "SELECT g FROM input GROUP BY ROLLUP()", "SELECT g FROM input GROUP BY GROUPING SETS ()",
):
    case(sql, SCHEMA, ROWS)

# ---- many values: where a summary compresses and a sketch estimates ----
MANY = "(SELECT CAST(id * 7919 % 10007 AS INT) AS k, CAST(CAST(id % 3 AS STRING) AS INT) AS g, CAST(id * 31 % 4999 AS STRING) AS s FROM range(0, 60000, 1, 1))"
for call in ("approx_count_distinct(k)", "approx_count_distinct(s)", "approx_count_distinct(k, 0.005)", "approx_count_distinct(s, 0.2)", "percentile_approx(k, array(0.01, 0.25, 0.5, 0.99))", "percentile_approx(k, 0.5, 10)", "percentile_approx(k, array(0.1, 0.5, 0.9), 50)",
             "percentile(k, array(0.01, 0.25, 0.5, 0.99))", "histogram_numeric(k, 5)", "stddev(k)", "kurtosis(k)", "count(DISTINCT s)", "median(k)", "size(collect_set(s))", "mode(g)", "count(DISTINCT k), count(DISTINCT s), sum(k)"):
    case("SELECT %s FROM %s" % (call, MANY), "x INT", [])
    case("SELECT g, %s FROM %s GROUP BY g ORDER BY g" % (call, MANY), "x INT", [])
for call in ("corr(a, b)", "covar_samp(a, c)", "regr_slope(a, b)", "regr_intercept(c, a)", "regr_r2(c, a)", "skewness(c)", "histogram_numeric(c, 4)", "percentile_approx(c, 0.5, 3)", "collect_list(b)", "max_by(a, c, 3)", "min_by(a, c, 2)"):
    case("SELECT g, %s FROM input GROUP BY g ORDER BY g" % call, "a INT, b INT, c DOUBLE, g STRING", PAIR)

# ---- refusals ----
for sql in (
    "percentile(a)", "percentile(a, 1.5)", "percentile(a, b)", "percentile(a, NULL)", "percentile(a, array())", "percentile(a, 0.5, -1)", "percentile(s, 0.5)", "percentile_approx(a, 2)", "percentile_approx(a, 0.5, 0)", "percentile_approx(a, 0.5, b)", "percentile_approx(s, 0.5)",
    "percentile_approx(a, NULL)", "percentile_approx(a, array(0.5, NULL))", "percentile_approx(a, 0.5, NULL)", "approx_count_distinct(a, 0.9)", "approx_count_distinct(a, b)", "histogram_numeric(a)", "histogram_numeric(a, 1)", "histogram_numeric(a, b)", "histogram_numeric(s, 2)",
    "histogram_numeric(a, NULL)", "stddev(o)", "corr(a)", "corr(a, o)", "bit_and(c)", "bit_or(s)", "listagg(a, b)", "listagg(s, 1)", "listagg(o)", "mode()", "mode(a, b)", "first(a, b)", "max_by(a)", "max_by(a, map(1, 2))", "regr_count(a)", "collect_list()", "collect_list(a, b)", "median(s)", "median(o)",
    "percentile_cont(0.5)", "percentile_cont(2) WITHIN GROUP (ORDER BY a)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY a, b)", "sum(a) WITHIN GROUP (ORDER BY a)", "percentile_cont(DISTINCT 0.5) WITHIN GROUP (ORDER BY a)", "mode() WITHIN GROUP (ORDER BY a, b)", "mode(DISTINCT a)", "collect_set(map(1, 2))", "mode(map(1, 2))",
    "bool_and(a)", "count_if(a)", "any_value(a, 1)", "try_sum(o)", "try_avg(t)", "kurtosis(t)", "approx_count_distinct(map(1, 2))", "sum(s)", "avg(s)", "first(a) IGNORE NULLS", "any_value(a) IGNORE NULLS", "last_value(a) IGNORE NULLS", "collect_list(a) IGNORE NULLS", "sum(a) IGNORE NULLS",
):
    case("SELECT %s FROM input" % sql, SCHEMA, ROWS)

# ---- PIVOT ----
for sql in (
    "SELECT * FROM (SELECT g, o, a FROM input) PIVOT (sum(a) FOR o IN (true, false)) ORDER BY g", "SELECT * FROM (SELECT g, o, a FROM input) PIVOT (sum(a) AS s, count(*) AS n FOR o IN (true AS yes, false AS no)) ORDER BY g",
    "SELECT * FROM (SELECT g, o, s, a FROM input) PIVOT (max(a) FOR (o, s) IN ((true, 'b') AS p, (false, 'a') AS q)) ORDER BY g",
):
    case(sql, SCHEMA, ROWS)
