-- Delete hits by their identities; the times of the first and the last let PostgreSQL look at few months.
DELETE FROM access_logs
USING jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
WHERE access_logs.id = hit.id AND access_logs.created_at = hit.created_at
    AND access_logs.created_at BETWEEN %(first)s AND %(last)s
