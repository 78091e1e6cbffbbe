-- The entries that failed for good, the latest first; of one application where one is named.
SELECT
    id, convert_to(tracking_data::TEXT, 'UTF8') AS tracking_data, priority, retry_count, max_retries, status,
    processed_at, error_message, created_at, updated_at
FROM batch_queue
WHERE status = 'failed' AND (%(app_id)s::TEXT IS NULL OR tracking_data ->> 'app_id' = %(app_id)s)
ORDER BY processed_at DESC, id
LIMIT %(limit)s
