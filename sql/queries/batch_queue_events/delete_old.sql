-- Forget events that were noted before a time, a few at once.
DELETE FROM batch_queue_events
WHERE (application_id, event_id) IN (
    SELECT application_id, event_id
    FROM batch_queue_events
    WHERE created_at < %(before)s
    ORDER BY created_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
