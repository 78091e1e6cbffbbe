-- Forget entries that were taken in before a time, a few at once.
DELETE FROM batch_queue
WHERE id IN (
    SELECT id FROM batch_queue
    WHERE status = 'completed' AND processed_at < %(before)s
    ORDER BY processed_at
    LIMIT %(limit)s
)
