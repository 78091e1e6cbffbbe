-- Which of these hits are stored, by primary key; the first and the last time let PostgreSQL look at few months.
SELECT access_logs.id, access_logs.created_at
FROM unnest(%(ids)s::BIGINT[], %(times)s::TIMESTAMP WITH TIME ZONE[]) AS wanted (id, created_at)
JOIN access_logs ON access_logs.id = wanted.id AND access_logs.created_at = wanted.created_at
WHERE access_logs.created_at BETWEEN %(first)s AND %(last)s
