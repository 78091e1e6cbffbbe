-- The number of an import, which it gets when the log is first seen.
WITH known AS (
    SELECT id FROM imports WHERE application_id = %(application_id)s AND source = %(source)s
),
added AS (
    INSERT INTO imports (application_id, source)
    SELECT %(application_id)s, %(source)s WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (application_id, source) DO UPDATE SET source = excluded.source
    RETURNING id
)
SELECT id FROM known UNION ALL SELECT id FROM added
