# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Whole queries with window functions (OVER) over small tables: what is asked of Spark. Answers: tests/golden/over.jsonl."""

import json

OFF = {"spark.sql.ansi.enabled": "false"}
CHICAGO = {"spark.sql.session.timeZone": "America/Chicago"}


def rows(names, *tuples):
    return [json.dumps({n: v for n, v in zip(names.split(), t) if v is not None}, ensure_ascii=True) for t in tuples]


TABLES = {
    # Ties in o, NULL keys, NULL orders and NULL values, a key of one row.
    "t": (
        "id INT, k STRING, o INT, v BIGINT, d DOUBLE, m DECIMAL(6,2), s STRING, b BOOLEAN",
        rows(
            "id k o v d m s b",
            (1, "a", 1, 10, 0.1, 1.25, "x", True),
            (2, "a", 2, 20, 0.2, None, "\u00e9", False),
            (3, "a", 2, None, 0.3, 2.50, None, None),
            (4, "a", 3, 5, None, 3.75, "z", True),
            (5, "a", None, 7, 1e20, -1.00, "", True),
            (6, "b", 1, -3, -0.0, 0.01, "bb", None),
            (7, "b", 4, None, 0.0, None, "a", False),
            (8, "b", 9, 4, 2.5, 9999.99, "B", True),
            (9, None, 5, 1, 1.5, 10, None, True),
            (10, None, None, 2, None, None, "q", False),
            (11, "c", 7, None, None, None, None, None),
        ),
    ),
    "times": (
        "id INT, d DATE, ts TIMESTAMP, n TIMESTAMP_NTZ, y FLOAT, p DECIMAL(38,2), t TINYINT, l BIGINT",
        rows(
            "id d ts n y p t l",
            (1, "2024-01-31", "2024-03-09T12:00:00Z", "2024-01-31T00:00:00", 1.5, 1.10, 1, 9223372036854775807),
            (2, "2024-02-01", "2024-03-10T07:30:00Z", "2024-02-29T00:00:00", 2.5, 2.20, 2, 0),
            (3, "2024-02-29", "2024-03-10T08:30:00Z", "2024-03-01T00:00:00", -1.0, 3.30, 127, -9223372036854775808),
            (4, "2024-03-01", "2024-03-10T12:00:00Z", "2024-03-31T00:00:00", 3.5, -4.40, -128, 5),
            (5, None, None, None, None, None, None, None),
            (6, "2023-12-31", "2024-03-11T12:00:00Z", "2024-03-31T00:00:00", 2.0, 2.20, 2, 5),
        ),
    ),
    "empty": ("id INT, k STRING, o INT, v BIGINT", []),
    "one": ("id INT, k STRING, o INT, v BIGINT", rows("id k o v", (1, "a", 1, 5))),
    "nested": (
        "id INT, st STRUCT<a:INT,b:STRING>, ar ARRAY<INT>, mp MAP<STRING,INT>, bi BINARY, iv INT",
        rows(
            "id st ar mp bi iv",
            (1, {"a": 1, "b": "x"}, [1, 2], {"k": 1}, "AQI=", 3),
            (2, {"a": 1, "b": "x"}, [1], None, "AQ==", 1),
            (3, None, [], {}, None, 2),
            (4, {"a": 0, "b": None}, None, {"z": 9}, "/w==", 2),
        ),
    ),
}

CASES = []


def q(*sqls, conf=None):
    for sql in sqls:
        CASES.append({"name": sql + ("" if not conf else " -- " + ", ".join("%s=%s" % i for i in conf.items())), "sql": sql, "conf": conf})


# ---- ranking ----
for f in ("row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(1)", "ntile(2)", "ntile(3)", "ntile(100)"):
    q("SELECT id, %s OVER (PARTITION BY k ORDER BY o) FROM t ORDER BY id" % f)
    q("SELECT id, %s OVER (ORDER BY o DESC, id) AS r FROM t ORDER BY id" % f)
q(
    "SELECT id, rank() OVER (ORDER BY o NULLS LAST) AS r, dense_rank() OVER (ORDER BY o DESC NULLS FIRST) AS q FROM t ORDER BY id",
    "SELECT id, rank() OVER (PARTITION BY k ORDER BY d) AS r FROM t ORDER BY id",
    "SELECT id, dense_rank() OVER (ORDER BY b, k) AS r FROM t ORDER BY id",
    "SELECT id, ntile() OVER (ORDER BY id) AS r FROM t ORDER BY id",
    "SELECT id, ntile(4) OVER (ORDER BY id) AS r FROM t ORDER BY id",
    "SELECT id, ntile(1 + 2) OVER (ORDER BY id) FROM t ORDER BY id",
    "SELECT row_number() OVER (ORDER BY v) AS r FROM empty",
    "SELECT count(*) OVER () AS r, sum(v) OVER (ORDER BY o) FROM empty",
    "SELECT percent_rank() OVER (ORDER BY o), cume_dist() OVER (ORDER BY o), ntile(3) OVER (ORDER BY o) FROM one",
    "SELECT id, rank() OVER (ORDER BY st) AS a, rank() OVER (ORDER BY ar) AS b, rank() OVER (ORDER BY bi) AS c FROM nested ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY st) AS a, count(*) OVER (PARTITION BY ar) AS b, count(*) OVER (PARTITION BY st.a, bi) AS c FROM nested ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY d) AS z FROM t ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY b) AS z FROM t ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY m, s) AS z FROM t ORDER BY id",
)
# ---- offsets ----
for f in (
    "lag(v)", "lead(v)", "lag(v, 2)", "lead(v, 2)", "lag(v, 1, -1)", "lead(v, 1, v * 100)", "lag(v, 0)", "lag(v, -1)", "lead(v, -2, 0)",
    "lag(s, 1, 'none')", "lead(v, 1, NULL)", "lag(v, 100, id)", "lag(k || s)", "lag(v, 1, 1.5D)",
):
    q("SELECT id, %s OVER (PARTITION BY k ORDER BY o) FROM t ORDER BY id" % f)
for f in ("lag(v)", "lead(v)", "lag(v, 2)", "lead(v, 2, 0)", "lag(v, 0)", "lag(v, -1)", "first_value(v)", "last_value(v)", "nth_value(v, 1)", "nth_value(v, 2)", "first(s)", "last(s)", "any_value(v)"):
    q("SELECT id, %s IGNORE NULLS OVER (ORDER BY id) FROM t ORDER BY id" % f)
q(
    "SELECT id, lag(v) RESPECT NULLS OVER (ORDER BY id) FROM t ORDER BY id",
    "SELECT id, lag(v, 1 + 1) OVER (ORDER BY id) FROM t ORDER BY id",
    "SELECT id, lag(st) OVER (ORDER BY id) AS a, lead(ar, 1, array(7)) OVER (ORDER BY id) AS b, lag(mp) OVER (ORDER BY id) AS c, lead(bi) OVER (ORDER BY id) AS d FROM nested ORDER BY id",
    "SELECT id, lag(NULL) OVER (ORDER BY id) AS a FROM nested ORDER BY id",
    "SELECT id, lead(5) OVER (ORDER BY id) AS a FROM nested ORDER BY id",
)
# ---- first, last, nth ----
for f in ("first_value(v)", "last_value(v)", "first(v, true)", "last_value(v, true)", "nth_value(v, 2)", "nth_value(s, 1)", "any_value(s)"):
    q("SELECT id, %s OVER (PARTITION BY k ORDER BY o) FROM t ORDER BY id" % f)
    q("SELECT id, %s OVER (PARTITION BY k ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS r FROM t ORDER BY id" % f)
q(
    "SELECT id, nth_value(v, 2) IGNORE NULLS OVER (PARTITION BY k ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS r FROM t ORDER BY id",
    "SELECT id, last(v) IGNORE NULLS OVER (PARTITION BY k ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS r FROM t ORDER BY id",
    "SELECT id, first(st) OVER (ORDER BY id) AS a, last(ar) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS b, max(st) OVER (ORDER BY id) AS c FROM nested ORDER BY id",
)
# ---- aggregates over frames ----
AGGREGATES = ("sum(v)", "count(v)", "count(*)", "avg(v)", "min(v)", "max(v)", "sum(d)", "avg(d)", "min(d)", "max(d)", "sum(m)", "avg(m)", "max(m)", "min(s)", "max(s)", "bool_and(b)", "bool_or(b)", "count_if(b)", "max_by(id, v)", "min_by(s, o)", "sum(o)", "avg(o)", "count(v, s)")
FRAMES = (
    "",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING",
)
for frame in FRAMES:
    for f in AGGREGATES:
        q("SELECT id, %s OVER (PARTITION BY k ORDER BY o%s) AS r FROM t ORDER BY id" % (f, frame and " " + frame))
for f in AGGREGATES:
    q("SELECT id, %s OVER (PARTITION BY k) AS r FROM t ORDER BY id" % f)
for frame in (
    "ROWS 2 PRECEDING",
    "ROWS UNBOUNDED PRECEDING",
    "ROWS CURRENT ROW",
    "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
    "ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
    "ROWS BETWEEN 100 PRECEDING AND 50 PRECEDING",
    "ROWS BETWEEN 2147483647 PRECEDING AND 2147483647 FOLLOWING",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND 2 FOLLOWING",
    "ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN CURRENT ROW AND CURRENT ROW",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN 1 + 1 PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN -1 FOLLOWING AND 0 FOLLOWING",
    "RANGE UNBOUNDED PRECEDING",
    "RANGE CURRENT ROW",
    "RANGE 2 PRECEDING",
    "RANGE BETWEEN CURRENT ROW AND CURRENT ROW",
    "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    "RANGE BETWEEN CURRENT ROW AND 1 FOLLOWING",
    "RANGE BETWEEN 2 PRECEDING AND 1 PRECEDING",
    "RANGE BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
    "RANGE BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING",
    "RANGE BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING",
    "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    "RANGE BETWEEN 2L PRECEDING AND CURRENT ROW",
):
    q("SELECT id, sum(v) OVER (PARTITION BY k ORDER BY o %s), count(*) OVER (PARTITION BY k ORDER BY o DESC %s) AS c FROM t ORDER BY id" % (frame, frame))
    last = ", id " if frame.startswith("ROWS") else " "  # peers have no order of their own
    q("SELECT id, max(s) OVER (ORDER BY o NULLS LAST%s) AS r, avg(d) OVER (ORDER BY o DESC NULLS FIRST%s) AS c FROM t ORDER BY id" % (last + frame, last + frame))
for order, bounds in (
    ("d", ("1 PRECEDING AND 1 FOLLOWING", "INTERVAL '1' MONTH PRECEDING AND CURRENT ROW", "INTERVAL '40' DAY PRECEDING AND CURRENT ROW", "28 PRECEDING AND CURRENT ROW", "INTERVAL 1 DAY PRECEDING AND CURRENT ROW")),
    ("ts", ("INTERVAL '1' DAY PRECEDING AND CURRENT ROW", "INTERVAL '24' HOUR PRECEDING AND INTERVAL '0' HOUR FOLLOWING", "INTERVAL '1' MONTH PRECEDING AND CURRENT ROW", "INTERVAL 1 hour 30 minutes PRECEDING AND CURRENT ROW", "1 PRECEDING AND CURRENT ROW")),
    ("n", ("INTERVAL '1' MONTH PRECEDING AND CURRENT ROW", "INTERVAL '1' DAY PRECEDING AND INTERVAL '31' DAY FOLLOWING")),
    ("y", ("1 PRECEDING AND 0.5 FOLLOWING", "1.0D PRECEDING AND 1.0D FOLLOWING", "1 PRECEDING AND 1 FOLLOWING")),
    ("p", ("1 PRECEDING AND 1 FOLLOWING", "1.1 PRECEDING AND 0.0 FOLLOWING")),
    ("t", ("1 PRECEDING AND 1 FOLLOWING", "1Y PRECEDING AND CURRENT ROW")),
    ("l", ("1 PRECEDING AND 1 FOLLOWING", "6 PRECEDING AND CURRENT ROW")),
):
    for bound in bounds:
        q("SELECT id, count(*) OVER (ORDER BY %s RANGE BETWEEN %s) FROM times ORDER BY id" % (order, bound))
        q("SELECT id, count(*) OVER (ORDER BY %s DESC RANGE BETWEEN %s) AS c FROM times ORDER BY id" % (order, bound), conf=CHICAGO)
for column in ("t", "l"):
    q("SELECT id, count(*) OVER (ORDER BY %s RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS c FROM times ORDER BY id" % column, conf=OFF)
q(
    "SELECT id, sum(l) OVER (ORDER BY id) AS c FROM times ORDER BY id",
    "SELECT id, sum(l) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS c FROM times ORDER BY id",
    "SELECT id, sum(l) OVER () AS c FROM times ORDER BY id",
    "SELECT id, sum(l) OVER (ORDER BY id DESC ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS c FROM times ORDER BY id",
    "SELECT id, sum(p) OVER (ORDER BY id) AS c, avg(p) OVER (ORDER BY id ROWS 1 PRECEDING) AS a FROM times ORDER BY id",
)
q(
    "SELECT id, sum(l) OVER (ORDER BY id DESC) AS c FROM times ORDER BY id",
    "SELECT id, sum(l) OVER (ORDER BY id DESC ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS c FROM times ORDER BY id",
    conf=OFF,
)
# ---- several windows, expressions around and inside ----
q(
    "SELECT id, sum(v) OVER (PARTITION BY k ORDER BY id) + 1 AS a, 100 * v / sum(v) OVER (PARTITION BY k) AS b, row_number() OVER (ORDER BY id DESC) AS c, count(*) OVER () AS d FROM t ORDER BY id",
    "SELECT id, v - lag(v, 1, 0L) OVER (PARTITION BY k ORDER BY id) AS delta FROM t ORDER BY id",
    "SELECT id, sum(v + 1) OVER (PARTITION BY upper(k), o % 2 ORDER BY o * -1, id) FROM t ORDER BY id",
    "SELECT id, sum(v) OVER (PARTITION BY k), sum(v) OVER (PARTITION BY k) FROM t ORDER BY id",
    "SELECT *, row_number() OVER (PARTITION BY k ORDER BY id) AS rn FROM t ORDER BY id",
    "SELECT id, CASE WHEN row_number() OVER (PARTITION BY k ORDER BY id) = 1 THEN 'first' ELSE coalesce(lag(s) OVER (PARTITION BY k ORDER BY id), '-') END FROM t ORDER BY id",
    "SELECT id, rank() OVER (PARTITION BY k ORDER BY o) AS r, r + 1 AS r1 FROM t ORDER BY id",
    "SELECT id AS i, sum(v) OVER (ORDER BY i) AS r FROM t ORDER BY i",
    "SELECT DISTINCT k, count(*) OVER (PARTITION BY k) AS c FROM t ORDER BY k",
    "SELECT k, c FROM (SELECT k, count(*) OVER (PARTITION BY k) AS c, row_number() OVER (PARTITION BY k ORDER BY id) AS rn FROM t) WHERE rn = 1 ORDER BY k",
    "SELECT max(c) AS m FROM (SELECT count(*) OVER (PARTITION BY k) AS c FROM t)",
    "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY v) AS rn FROM t) WHERE id > 5 AND rn > 0 ORDER BY id",
    "SELECT id, rn FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY v) AS rn FROM t) WHERE k = 'a' ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY k) AS c FROM t WHERE v > 2 ORDER BY id",
    "SELECT id, sum(c) OVER (ORDER BY id) AS cc FROM (SELECT id, count(*) OVER (PARTITION BY k ORDER BY id) AS c FROM t) ORDER BY id",
    "SELECT id, count(*) OVER (PARTITION BY k ORDER BY id) AS c FROM t ORDER BY c DESC, id LIMIT 3",
    "SELECT id, first(v) OVER (PARTITION BY k ORDER BY id) AS f, last(v) OVER (PARTITION BY k ORDER BY id DESC) AS l, min(id) OVER (PARTITION BY o) AS m FROM t ORDER BY id",
    "SELECT sum(v) OVER (PARTITION BY 1) AS a, sum(v) OVER (ORDER BY 1) AS b, rank() OVER (ORDER BY 'x') AS c FROM t ORDER BY a, b, c",
    "SELECT count(*) OVER () FROM range(3)",
    "SELECT row_number() OVER (ORDER BY 1)",
    "SELECT 1 + sum(1) OVER ()",
    "SELECT id, sum(id) OVER (PARTITION BY id % 3 ORDER BY id) AS c FROM range(0, 50, 1, 4) ORDER BY id",
    "SELECT id, avg(id) OVER (ORDER BY id ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS a, max(id % 17) OVER (ORDER BY id ROWS BETWEEN 5 PRECEDING AND 3 FOLLOWING) AS m, min(id * 7 % 31) OVER (PARTITION BY id % 2 ORDER BY id DESC RANGE BETWEEN 9 PRECEDING AND 4 FOLLOWING) AS n FROM range(0, 100, 1, 3) ORDER BY id",
    "SELECT id, sum(id * 0.1D) OVER (ORDER BY id) AS a, sum(id * 0.1D) OVER (ORDER BY id ROWS BETWEEN 40 PRECEDING AND CURRENT ROW) AS b, max_by(id, id % 7) OVER (ORDER BY id) AS c, max_by(id, id % 11) OVER (ORDER BY id ROWS BETWEEN 20 PRECEDING AND 20 FOLLOWING) AS e FROM range(0, 150, 1, 3) ORDER BY id",
    "SELECT t.id, row_number() OVER (PARTITION BY t.k ORDER BY t.id) FROM t ORDER BY t.id",
    "SELECT id, sum(v) OVER (DISTRIBUTE BY k SORT BY id) FROM t ORDER BY id",
    "SELECT id, sum(v) OVER (DISTRIBUTE BY k ORDER BY id) AS a, sum(v) OVER (PARTITION BY k SORT BY id DESC) AS b, count(*) OVER (CLUSTER BY k) AS c FROM t ORDER BY id",
    "SELECT id, row_number() OVER (ORDER BY k, v) AS r FROM t ORDER BY k, v, id",
    "SELECT id, sum(v) OVER w, avg(v) OVER (w) FROM t WINDOW w AS (PARTITION BY k ORDER BY id) ORDER BY id",
    "SELECT id, sum(v) OVER w1 AS a, sum(v) OVER w2 AS b FROM t WINDOW w1 AS (PARTITION BY k), w2 AS w1 ORDER BY id",
    "SELECT id, sum(v) OVER w1 AS a FROM t ORDER BY id WINDOW w1 AS (PARTITION BY k)",
    "SELECT id, sum(v) OVER W AS a FROM t WINDOW w AS (PARTITION BY k) ORDER BY id",
    "SELECT id, sum(v) OVER w AS a FROM t WINDOW w AS (ORDER BY id), W AS (PARTITION BY k) ORDER BY id",
    "SELECT id, c FROM (SELECT id, count(*) OVER w AS c FROM t) WINDOW w AS (PARTITION BY k) ORDER BY id",
    "SELECT id, first_value(v) OVER w AS a FROM t WINDOW w AS (ORDER BY id ROWS 1 PRECEDING) ORDER BY id LIMIT 4",
)
for f in ("sum(v)", "count(*)", "avg(d)", "min(s)", "max(v)", "first(v)", "last(v)", "first(s, true)", "count_if(b)", "max_by(id, v)", "sum(m)"):
    for frame in ("", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"):
        q("SELECT id, %s FILTER (WHERE id %% 3 <> 1) OVER (PARTITION BY k ORDER BY id%s) AS r FROM t ORDER BY id" % (f, frame and " " + frame))
q(
    "SELECT id, sum(count(*) OVER (PARTITION BY k)) OVER (ORDER BY id) AS a, lag(rank() OVER (ORDER BY v)) OVER (ORDER BY id) AS b FROM t ORDER BY id",
    "SELECT id, sum(v) FILTER (WHERE b IS NULL) OVER (PARTITION BY k) AS a, sum(v) FILTER (WHERE v > 4) OVER (PARTITION BY k) AS c FROM t ORDER BY id",
    "SELECT k, sum(v) AS s, r FROM (SELECT k, v, rank() OVER (PARTITION BY k ORDER BY v) AS r FROM t) WHERE r < 3 GROUP BY k, r ORDER BY k, r",
    "SELECT k, rank() OVER (ORDER BY k) AS r FROM t GROUP BY k QUALIFY r > 1 ORDER BY k",
    "SELECT k, count(*) AS c, rank() OVER (ORDER BY count(*), k) AS r FROM t GROUP BY k HAVING c > 1 ORDER BY r",
    "SELECT x.id, x.r FROM (SELECT *, dense_rank() OVER (PARTITION BY b ORDER BY d DESC) AS r FROM t) x WHERE x.r <= 2 AND x.b ORDER BY x.id",
    "WITH w AS (SELECT k, v, sum(v) OVER (PARTITION BY k ORDER BY id) AS s FROM t) SELECT k, max(s) AS m FROM w GROUP BY k ORDER BY k",
)
# ---- over GROUP BY ----
q(
    "SELECT k, sum(v) AS s, rank() OVER (ORDER BY sum(v) DESC) AS r FROM t GROUP BY k ORDER BY k",
    "SELECT k, sum(sum(v)) OVER (ORDER BY k) AS running FROM t GROUP BY k ORDER BY k",
    "SELECT k, sum(v) / sum(sum(v)) OVER () AS share FROM t GROUP BY k ORDER BY k",
    "SELECT k, count(*), count(*) OVER () FROM t GROUP BY k ORDER BY k",
    "SELECT k, sum(v) OVER (ORDER BY k) FROM t GROUP BY k, v ORDER BY k, v",
    "SELECT upper(k) AS u, lag(count(*)) OVER (ORDER BY upper(k)) AS p FROM t GROUP BY upper(k) ORDER BY u",
    "SELECT k, sum(v) AS s, row_number() OVER (ORDER BY k) AS r FROM t GROUP BY k HAVING sum(v) > 2 ORDER BY k",
    "SELECT k, row_number() OVER (ORDER BY k) AS r FROM t GROUP BY k HAVING count(*) > 1 ORDER BY k",
    "SELECT k, s, rank() OVER (ORDER BY s) AS r FROM (SELECT k, sum(v) AS s FROM t GROUP BY k) ORDER BY k",
    "SELECT sum(v), row_number() OVER (ORDER BY sum(v)) AS r FROM t",
    "SELECT sum(sum(v)) OVER () AS x FROM t",
    "SELECT k, row_number() OVER (ORDER BY k) AS r FROM t GROUP BY k ORDER BY sum(v), k",
    "SELECT k, row_number() OVER (ORDER BY k) AS r FROM t GROUP BY k ORDER BY r DESC",
    "SELECT k, o % 2 AS p, avg(sum(v)) OVER (PARTITION BY k ORDER BY o % 2 ROWS 1 PRECEDING) AS a FROM t GROUP BY k, o % 2 ORDER BY k, p",
    "SELECT k, sum(v) OVER (ORDER BY o) AS x FROM t GROUP BY k",
    "SELECT k, max(rank() OVER (ORDER BY k)) AS x FROM t GROUP BY k",
    "SELECT k, sum(v) AS s, sum(s) OVER () AS x FROM t GROUP BY k ORDER BY k",
    "SELECT k, count(*) AS c FROM t GROUP BY k HAVING row_number() OVER (ORDER BY k) > 1",
)
# ---- QUALIFY ----
q(
    "SELECT id, k FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY id) = 1 ORDER BY id",
    "SELECT id, row_number() OVER (PARTITION BY k ORDER BY id DESC) AS rn FROM t QUALIFY rn = 1 ORDER BY id",
    "SELECT id, rank() OVER (ORDER BY o) AS r FROM t WHERE v IS NOT NULL QUALIFY r <= 3 AND id < 9 ORDER BY id",
    "SELECT k, sum(v) AS s FROM t GROUP BY k QUALIFY rank() OVER (ORDER BY sum(v) DESC) = 1",
    "SELECT k, sum(v) AS s FROM t GROUP BY k HAVING s > 3 QUALIFY rank() OVER (ORDER BY s DESC) = 1",
    "SELECT id FROM t QUALIFY count(*) OVER w > 3 WINDOW w AS (PARTITION BY k) ORDER BY id",
    "SELECT DISTINCT k FROM t QUALIFY count(*) OVER (PARTITION BY k) > 1 ORDER BY k",
    "SELECT id FROM t QUALIFY id > 3 ORDER BY id",
    "SELECT id, row_number() OVER (ORDER BY id) AS rn FROM t QUALIFY id > 9 ORDER BY id",
    "SELECT * FROM t QUALIFY row_number() OVER (ORDER BY id) = 2",
    "SELECT id + 1 AS id, row_number() OVER (ORDER BY id) AS rn FROM t QUALIFY id < 4 AND rn > 0 ORDER BY rn",
    "SELECT id FROM t QUALIFY row_number() OVER (ORDER BY id)",
    "SELECT id FROM t QUALIFY nothere = 1 AND row_number() OVER (ORDER BY id) = 1",
    "SELECT sum(v) AS s FROM t QUALIFY row_number() OVER (ORDER BY s) = 1",
    "SELECT id AS qualify FROM t ORDER BY qualify LIMIT 1",
    "SELECT id FROM t qualify ORDER BY id LIMIT 1",
    "SELECT id FROM t QUALIFY sum(v) > 1",
)
# ---- errors ----
q(
    "SELECT row_number() FROM t",
    "SELECT rank(), id FROM t",
    "SELECT lag(v) FROM t",
    "SELECT nth_value(v, 2) FROM t",
    "SELECT row_number() OVER () FROM t",
    "SELECT rank() OVER (PARTITION BY k) FROM t",
    "SELECT lag(v) OVER () FROM t",
    "SELECT cume_dist() OVER () FROM t",
    "SELECT ntile(2) OVER (PARTITION BY k) FROM t",
    "SELECT nth_value(v, 2) OVER () FROM t",
    "SELECT first_value(v) OVER () FROM t",
    "SELECT row_number() OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT row_number() OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS r FROM t ORDER BY id",
    "SELECT rank() OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT lag(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT cume_dist() OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM t",
    "SELECT ntile(0) OVER (ORDER BY id) FROM t",
    "SELECT ntile(-1) OVER (ORDER BY id) FROM t",
    "SELECT ntile(id) OVER (ORDER BY id) FROM t",
    "SELECT ntile(NULL) OVER (ORDER BY id) FROM t",
    "SELECT ntile(2L) OVER (ORDER BY id) FROM t",
    "SELECT ntile('2') OVER (ORDER BY id) FROM t",
    "SELECT nth_value(v, 0) OVER (ORDER BY id) FROM t",
    "SELECT nth_value(v, id) OVER (ORDER BY id) FROM t",
    "SELECT nth_value(v, NULL) OVER (ORDER BY id) FROM t",
    "SELECT nth_value(v) OVER (ORDER BY id) AS x FROM t",
    "SELECT lag(v, id) OVER (ORDER BY id) FROM t",
    "SELECT lag(v, NULL) OVER (ORDER BY id) FROM t",
    "SELECT lag(v, 1, 'x') OVER (ORDER BY id) FROM t",
    "SELECT lag(v, '2') OVER (ORDER BY id) FROM t",
    "SELECT lag(v, 1, array(1)) OVER (ORDER BY id) FROM t",
    "SELECT lag() OVER (ORDER BY id) FROM t",
    "SELECT row_number(1) OVER (ORDER BY id) FROM t",
    "SELECT rank(1) OVER (ORDER BY id) AS r FROM t",
    "SELECT upper(s) OVER (ORDER BY id) FROM t",
    "SELECT id + 1 OVER (ORDER BY id) FROM t",
    "SELECT nofunction(v) OVER (ORDER BY id) FROM t",
    "SELECT sum(DISTINCT v) OVER (ORDER BY id) FROM t",
    "SELECT count(DISTINCT v) OVER (PARTITION BY k) FROM t",
    "SELECT sum(v) FILTER (WHERE id > 3) OVER (ORDER BY id) FROM t",
    "SELECT row_number() FILTER (WHERE id > 3) OVER (ORDER BY id) FROM t",
    "SELECT sum(v) IGNORE NULLS OVER (ORDER BY id) FROM t",
    "SELECT row_number() IGNORE NULLS OVER (ORDER BY id) FROM t",
    "SELECT upper(s) IGNORE NULLS FROM t",
    "SELECT first(v) IGNORE NULLS, last(v) IGNORE NULLS FROM t",
    "SELECT first(v IGNORE NULLS), last(v IGNORE NULLS), any_value(v IGNORE NULLS), first_value(v) RESPECT NULLS FROM t",
    "SELECT first(v, true) IGNORE NULLS FROM t",
    "SELECT sum(v) RESPECT NULLS FROM t",
    "SELECT sum(row_number() OVER (ORDER BY id)) FROM t",
    "SELECT sum(row_number() OVER (ORDER BY id)) OVER (ORDER BY id) FROM t",
    "SELECT sum(v) OVER (ORDER BY row_number() OVER (ORDER BY id)) FROM t",
    "SELECT id FROM t WHERE row_number() OVER (ORDER BY id) = 1",
    "SELECT id FROM t ORDER BY row_number() OVER (ORDER BY id DESC)",
    "SELECT id, k FROM t ORDER BY rank() OVER (PARTITION BY k ORDER BY o), id",
    "SELECT count(*) FROM t GROUP BY row_number() OVER (ORDER BY id)",
    "SELECT id FROM t LIMIT row_number() OVER (ORDER BY id)",
    "SELECT k, count(*) FROM t GROUP BY k ORDER BY row_number() OVER (ORDER BY k)",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) AS r FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN 1 FOLLOWING AND CURRENT ROW) AS r FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN 1.5 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN 1L PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN 'x' PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN id PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o ROWS BETWEEN NULL PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o, id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (PARTITION BY k RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (PARTITION BY k RANGE CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (PARTITION BY k RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS r FROM t ORDER BY r",
    "SELECT sum(v) OVER (PARTITION BY k ROWS 1 PRECEDING) AS r FROM t",
    "SELECT sum(v) OVER (ORDER BY s RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY b RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o RANGE BETWEEN '1' PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(v) OVER (ORDER BY o RANGE BETWEEN 1 PRECEDING AND 1L FOLLOWING) AS r FROM t",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN 1 PRECEDING AND INTERVAL '1' MONTH FOLLOWING) FROM times",
    "SELECT count(*) OVER (ORDER BY mp) FROM nested",
    "SELECT count(*) OVER (PARTITION BY mp) AS c FROM nested",
    "SELECT count(*) OVER (PARTITION BY nothere) FROM t",
    "SELECT count(nothere) OVER (PARTITION BY k) FROM t",
    "SELECT count(*) OVER (ORDER BY nothere) FROM t",
    "SELECT sum(st) OVER (ORDER BY id) FROM nested",
    "SELECT id, sum(v) OVER w FROM t",
    "SELECT id, sum(v) OVER w FROM t WINDOW x AS (PARTITION BY k)",
    "SELECT id, sum(v) OVER w FROM t WINDOW w AS (PARTITION BY k), w AS (ORDER BY id)",
    "SELECT id, sum(v) OVER w FROM t WINDOW w AS x",
    "SELECT id, sum(v) OVER w FROM t WINDOW w AS x, x AS w",
    "SELECT id, sum(v) OVER (w ORDER BY id) FROM t WINDOW w AS (PARTITION BY k)",
    "SELECT sum(v) OVER (PARTITION k) FROM t",
    "SELECT sum(v) OVER (ORDER BY id PARTITION BY k) FROM t",
    "SELECT sum(v) OVER (ORDER BY id ROWS) FROM t",
    "SELECT sum(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING) FROM t",
    "SELECT sum(v) OVER (ORDER BY id ROWS 1) FROM t",
    "SELECT sum(v) OVER (ORDER BY id GROUPS 1 PRECEDING) FROM t",
    "SELECT sum(v) OVER (ORDER BY id FROM t",
    "SELECT sum(v) OVER FROM t",
    "SELECT first(v IGNORE NULLS) OVER (ORDER BY id) FROM t",
    "SELECT id over FROM t ORDER BY over LIMIT 1",
    "SELECT count(*) over FROM t",
)

TOPICS = {"over": CASES}
