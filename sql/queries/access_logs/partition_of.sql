-- Which partition a hit stands in, by the identity that its tracking id carries; no row where it is not stored.
SELECT (SELECT relname::text FROM pg_class WHERE oid = access_logs.tableoid) AS partition
FROM access_logs
WHERE id = %(id)s AND created_at = %(created_at)s
