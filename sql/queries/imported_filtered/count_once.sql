-- Count lines that were left out, those that were counted before excepted.
WITH noted AS (
    INSERT INTO imported_filtered (import_id, hit_id, hour, reason)
    SELECT imports.id, hit_id, hour, reason
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS line (hit_id BIGINT, hour TIMESTAMP WITH TIME ZONE, reason TEXT)
    JOIN imports ON imports.id = %(import_id)s
    ON CONFLICT (import_id, hit_id) DO NOTHING
    RETURNING hour, reason
)
INSERT INTO filtered_hits (application_id, hour, reason, hits)
SELECT application_id, hour, reason, count(*)
FROM noted
JOIN imports ON imports.id = %(import_id)s
GROUP BY application_id, hour, reason
ORDER BY hour, reason
ON CONFLICT (application_id, hour, reason) DO UPDATE SET hits = filtered_hits.hits + excluded.hits
