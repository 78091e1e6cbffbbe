-- Hits that are stored under some ids, at about their times: a log may have been read with another time zone before.
SELECT {columns}
FROM access_logs
WHERE id = ANY(%(ids)s::bigint[]) AND created_at BETWEEN %(first)s AND %(last)s
    AND application_id = %(application_id)s
