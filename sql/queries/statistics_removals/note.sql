-- Note that raw rows of days before a date are being removed, of one application or of all.
INSERT INTO statistics_removals AS known (application_id, before)
SELECT id, %(before)s
FROM applications
WHERE id = coalesce(%(application_id)s, id)
ORDER BY id
ON CONFLICT (application_id) DO UPDATE SET before = excluded.before
WHERE known.before < excluded.before
