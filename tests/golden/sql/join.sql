-- view l
SELECT * FROM VALUES (1, 'a'), (2, 'b'), (2, 'bb'), (NULL, 'n'), (5, NULL) AS l(k, v)
-- view r
SELECT * FROM VALUES (2, 'R2', 1.5D), (3, 'R3', 2.5D), (2, 'R22', 3.5D), (NULL, 'RN', 0D), (5, 'R5', NULL) AS r(k, w, d)
-- view big
SELECT id, id % 7 AS m, CASE WHEN id % 5 = 0 THEN NULL ELSE id % 50 END AS k, concat('t', id % 13) AS t FROM range(0, 3000)
--
SELECT * FROM l JOIN r ON l.k = r.k
--
SELECT * FROM l JOIN r ON l.k <=> r.k
--
SELECT * FROM l JOIN r ON l.k < r.k
--
SELECT * FROM l JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l JOIN r ON l.k = r.k + 1
--
SELECT * FROM l JOIN r ON true
--
SELECT * FROM l JOIN r ON l.k = r.k AND false
--
SELECT * FROM l JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l JOIN r ON NULL
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k
--
SELECT * FROM l LEFT JOIN r ON l.k <=> r.k
--
SELECT * FROM l LEFT JOIN r ON l.k < r.k
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k + 1
--
SELECT * FROM l LEFT JOIN r ON true
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k AND false
--
SELECT * FROM l LEFT JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l LEFT JOIN r ON NULL
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k <=> r.k
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k < r.k
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k + 1
--
SELECT * FROM l RIGHT OUTER JOIN r ON true
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k AND false
--
SELECT * FROM l RIGHT OUTER JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l RIGHT OUTER JOIN r ON NULL
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k
--
SELECT * FROM l FULL OUTER JOIN r ON l.k <=> r.k
--
SELECT * FROM l FULL OUTER JOIN r ON l.k < r.k
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k + 1
--
SELECT * FROM l FULL OUTER JOIN r ON true
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k AND false
--
SELECT * FROM l FULL OUTER JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l FULL OUTER JOIN r ON NULL
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k <=> r.k
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k < r.k
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k + 1
--
SELECT * FROM l LEFT SEMI JOIN r ON true
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k AND false
--
SELECT * FROM l LEFT SEMI JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l LEFT SEMI JOIN r ON NULL
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k
--
SELECT * FROM l ANTI JOIN r ON l.k <=> r.k
--
SELECT * FROM l ANTI JOIN r ON l.k < r.k
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k + 1
--
SELECT * FROM l ANTI JOIN r ON true
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k AND false
--
SELECT * FROM l ANTI JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l ANTI JOIN r ON NULL
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k
--
SELECT * FROM l CROSS JOIN r ON l.k <=> r.k
--
SELECT * FROM l CROSS JOIN r ON l.k < r.k
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k AND r.w > 'R2'
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k AND l.v <> 'b' AND r.d > 1
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k + 1
--
SELECT * FROM l CROSS JOIN r ON true
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k AND false
--
SELECT * FROM l CROSS JOIN r ON l.k = r.k AND l.v < r.w
--
SELECT * FROM l CROSS JOIN r ON NULL
--
SELECT * FROM l JOIN r USING (k)
--
SELECT * FROM l NATURAL JOIN r
--
SELECT k, count(*) FROM l JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT * FROM l LEFT JOIN r USING (k)
--
SELECT * FROM l NATURAL LEFT JOIN r
--
SELECT k, count(*) FROM l LEFT JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a LEFT JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a LEFT JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT * FROM l RIGHT JOIN r USING (k)
--
SELECT * FROM l NATURAL RIGHT JOIN r
--
SELECT k, count(*) FROM l RIGHT JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a RIGHT JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a RIGHT JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT * FROM l FULL JOIN r USING (k)
--
SELECT * FROM l NATURAL FULL JOIN r
--
SELECT k, count(*) FROM l FULL JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a FULL JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a FULL JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT * FROM l SEMI JOIN r USING (k)
--
SELECT * FROM l NATURAL SEMI JOIN r
--
SELECT k, count(*) FROM l SEMI JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a SEMI JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a SEMI JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT * FROM l LEFT ANTI JOIN r USING (k)
--
SELECT * FROM l NATURAL LEFT ANTI JOIN r
--
SELECT k, count(*) FROM l LEFT ANTI JOIN r USING (k) GROUP BY k
--
SELECT count(*), sum(a.id), max(a.t) FROM big a LEFT ANTI JOIN big b ON a.k = b.m AND a.id > b.id - 100
--
SELECT count(*), sum(a.id) FROM big a LEFT ANTI JOIN (SELECT * FROM big WHERE id < 40) b ON a.k = b.k AND a.t = b.t
--
SELECT l.v, r.w FROM l, r WHERE l.k = r.k AND r.w > 'R2'
--
SELECT a.id, b.id, c.id FROM range(4) a, range(3) b, range(5) c WHERE a.id = c.id AND b.id = c.id + 1
--
SELECT a.v, b.v, c.w FROM l a JOIN l b ON a.k = b.k JOIN r c ON c.k = b.k WHERE a.v < b.v OR c.d > 2
--
SELECT a.k, b.k FROM l a JOIN l b ON a.k = b.k
--
SELECT k FROM l JOIN r ON l.k = r.k
--
SELECT * FROM l JOIN r ON l.k
--
SELECT * FROM l JOIN r ON count(*) > 1
--
SELECT * FROM l JOIN r USING (nope)
--
SELECT * FROM l JOIN r USING (w)
--
SELECT * FROM l JOIN r ON l.k = r.nope
--
SELECT * FROM l NATURAL JOIN (SELECT 1 AS z)
--
SELECT l.*, r.w FROM l JOIN r ON l.k = r.k
--
SELECT * FROM (l JOIN r ON l.k = r.k)
--
SELECT * FROM (SELECT 1 AS a) CROSS JOIN (SELECT 2 AS b) JOIN (VALUES (3)) t(c)
--
SELECT * FROM l a JOIN (r b JOIN l c ON b.k = c.k) ON a.k = b.k
--
SELECT count(*) FROM range(100000) a JOIN range(50000, 200000) b ON a.id = b.id
--
SELECT count(*), sum(b.id) FROM range(1000) a LEFT JOIN range(10) b ON a.id = b.id * 100
--
SELECT m, count(*), sum(id) FROM big JOIN (SELECT DISTINCT m AS mm FROM big WHERE m > 3) ON m = mm GROUP BY m
--
SELECT count(*) FROM big a, big b WHERE a.id = b.id AND a.t = b.t AND a.m <> 3
--
SELECT count(*), count(b.k) FROM big a LEFT JOIN big b ON a.id = b.id AND b.k > 10 WHERE b.m IS NULL OR b.m = 2
--
SELECT /*+ BROADCAST(r) */ l.v, r.w FROM l JOIN r ON l.k = r.k
--
SELECT l.v FROM l JOIN r ON CAST(l.k AS STRING) = r.k
--
SELECT count(*) FROM (SELECT double(id) AS x FROM range(3)) a JOIN (SELECT id AS y FROM range(5)) b ON x = y
--
SELECT * FROM (SELECT double('NaN') AS x UNION ALL SELECT -0.0D) a JOIN (SELECT double('NaN') AS y UNION ALL SELECT 0.0D) b ON x = y
--
SELECT a.s, b.n FROM (SELECT named_struct('p', 1, 'q', NULL) AS s) a JOIN (SELECT named_struct('p', 1, 'q', NULL) AS s, 7 AS n) b ON a.s = b.s
--
SELECT l.v, 1 / r.k AS q FROM l LEFT JOIN r ON l.k = r.k AND r.k > 2
-- ordered
SELECT l.k, v, w FROM l FULL JOIN r ON l.k = r.k ORDER BY l.k NULLS LAST, v, w
-- ordered
SELECT a.id, b.id FROM range(10) a LEFT JOIN (SELECT id FROM range(10) WHERE id > 5) b ON a.id = b.id ORDER BY a.id DESC LIMIT 3 OFFSET 2
