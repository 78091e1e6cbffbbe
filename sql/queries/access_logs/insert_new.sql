-- Add the hits that are not there yet and say which these were; a hit that arrives twice collides with itself.
INSERT INTO access_logs
SELECT * FROM jsonb_populate_recordset(NULL::access_logs, %(hits)s::jsonb)
ON CONFLICT (id, created_at) DO NOTHING
RETURNING id, created_at
