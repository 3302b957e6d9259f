-- ordered
SELECT id FROM range(300000) ORDER BY id % 1000, id DESC LIMIT 5 OFFSET 3
-- ordered
SELECT id, id % 7 AS k FROM range(200000) ORDER BY k DESC, id LIMIT 100
-- ordered
SELECT k, count(*) AS c FROM (SELECT id % 5 AS k FROM range(1000)) GROUP BY k ORDER BY c, k DESC LIMIT 3
-- ordered
SELECT x FROM (SELECT id AS x FROM range(100000) ORDER BY id DESC) LIMIT 4
-- ordered
SELECT a.id FROM range(100000) a JOIN range(100000) b ON a.id = b.id ORDER BY a.id % 10 DESC, a.id LIMIT 3
-- ordered
SELECT id FROM range(10) ORDER BY id LIMIT 0
-- ordered
SELECT * FROM VALUES (1, NULL), (2, 'b'), (NULL, 'a') t(a, b) ORDER BY b NULLS LAST, a LIMIT 2
-- ordered
SELECT id FROM range(150000) UNION ALL SELECT id + 0.5 FROM range(3) ORDER BY id LIMIT 6
--
SELECT count(*) FROM (SELECT id FROM range(300000) ORDER BY id LIMIT 200000)
