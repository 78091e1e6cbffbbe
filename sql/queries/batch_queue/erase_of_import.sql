-- Delete entries of an import, a few at once.
DELETE FROM batch_queue
WHERE id IN (
    SELECT id
    FROM batch_queue
    WHERE priority = %(priority)s AND tracking_data ->> 'application_id' = %(application_id)s::text
        AND created_at <= %(until)s
    LIMIT %(limit)s
)
RETURNING created_at
