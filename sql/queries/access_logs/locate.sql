-- Which partition a hit stands in, by the identity that its tracking id carries; no row where it is not stored.
SELECT tableoid::regclass::text AS partition
FROM access_logs
WHERE id = %(id)s AND created_at = %(created_at)s
