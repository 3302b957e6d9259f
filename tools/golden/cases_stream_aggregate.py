# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Streaming aggregations whose state is more than a number, and grouping sets; three runs over one checkpoint."""

import json

CASES = []
TOPICS = {"stream_aggregate": CASES}
SCHEMA = "k STRING, v INT, d DOUBLE, s STRING"
FULL = {"truncate": "false", "numRows": "1000"}
ROWS = [dict(k="ab"[i % 2], v=i * 7 % 13, d=(i * 31 % 17) / 4.0, s="s%d" % (i % 5)) for i in range(60)]
ROWS += [dict(k="c"), dict(k=None, v=1), dict(k="c", v=3, d=1.5, s=None)]


def files(start, rows):
    size = -(-len(rows) // 2)
    return [
        {"name": "f%03d.json" % (start + i), "text": "".join(json.dumps(r) + "\n" for r in rows[i * size:(i + 1) * size])}
        for i in range(2)
    ]


BATCHES = [files(0, ROWS[:20]), files(2, ROWS[20:41]), files(4, ROWS[41:]), []]


def case(select, group="k", order=" ORDER BY 1, 2", mode="complete"):
    sql = "SELECT %s, %s FROM input GROUP BY %s%s" % ("k", select, group, order)
    name = ("%s by %s, %s" % (select, group, mode)).replace(" WITHIN GROUP", "")[-80:]
    CASES.append({"name": name, "schema": SCHEMA, "sql": sql, "batches": BATCHES, "outputMode": mode, "options": {}, "sinkOptions": FULL, "conf": None})


for text in (
    "count(v), sum(v), avg(v), min(s), max(d)", "stddev(v), var_pop(v), skewness(v), kurtosis(v)", "corr(v, d), covar_samp(v, d), regr_slope(v, d), regr_r2(v, d)", "bit_and(v), bit_or(v), bit_xor(v)", "collect_list(v)", "size(collect_set(s)), listagg(s, ',')",
    "percentile(v, array(0.25, 0.5)), median(d)", "percentile_approx(v, 0.5), approx_count_distinct(s), approx_count_distinct(v)", "histogram_numeric(v, 3)", "first(v), last(s), max_by(s, v)", "try_sum(v), try_avg(v), count_if(v > 3)",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY v), listagg(s, ',') WITHIN GROUP (ORDER BY s DESC)",
):
    case(text)
case("s, count(*), grouping_id()", "ROLLUP(k, s)", " ORDER BY 1, 2, 3, 4")
case("s, sum(v), grouping(k), grouping(s)", "CUBE(k, s)", " ORDER BY 1, 2, 3, 4, 5")
case("count(*)", "GROUPING SETS ((k), ())", " ORDER BY 1, 2")
case("sum(v)", "k", "", "update")
case("count(DISTINCT v)")
case("sum(DISTINCT v), count(*)", "k", "", "update")
