-- Forget sessions whose last hit lies before a time, a few at once; of one application where one is named.
DELETE FROM sessions
WHERE id IN (
    SELECT id FROM sessions
    WHERE last_accessed_at < %(before)s
        AND (%(application_id)s::UUID IS NULL OR application_id = %(application_id)s)
    ORDER BY last_accessed_at
    LIMIT %(limit)s
)
