-- One entry, whatever its status.
SELECT
    id, convert_to(tracking_data::TEXT, 'UTF8') AS tracking_data, priority, retry_count, max_retries, status,
    processed_at, error_message, created_at, updated_at
FROM batch_queue
WHERE id = %(id)s
