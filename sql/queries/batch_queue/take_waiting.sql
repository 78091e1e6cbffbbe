-- Entries that wait for Redis, the most urgent and oldest first, held until the transaction ends.
SELECT
    id, convert_to(tracking_data::TEXT, 'UTF8') AS tracking_data, priority, retry_count, max_retries, status,
    processed_at, error_message, created_at, updated_at
FROM batch_queue
WHERE status = 'queued'
ORDER BY priority DESC, created_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
