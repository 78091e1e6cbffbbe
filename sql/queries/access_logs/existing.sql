-- Which of these hits are stored, by primary key.
SELECT access_logs.id, access_logs.created_at
FROM unnest(%(ids)s::BIGINT[], %(times)s::TIMESTAMP WITH TIME ZONE[]) AS wanted (id, created_at)
JOIN access_logs ON access_logs.id = wanted.id AND access_logs.created_at = wanted.created_at
