-- Keep entries that are to be stored anew, whatever became of those of the same id.
INSERT INTO batch_queue (
    id, tracking_data, priority, retry_count, max_retries, status, processed_at, error_message, created_at, updated_at
)
SELECT
    id, tracking_data, priority, retry_count, max_retries, status, processed_at, error_message, created_at, updated_at
FROM jsonb_to_recordset(%(entries)s::jsonb) AS entry (
    id UUID, tracking_data JSONB, priority INTEGER, retry_count INTEGER, max_retries INTEGER, status TEXT,
    processed_at TIMESTAMP WITH TIME ZONE, error_message TEXT, created_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE
)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
    tracking_data = excluded.tracking_data,
    priority = excluded.priority,
    retry_count = excluded.retry_count,
    status = excluded.status,
    processed_at = excluded.processed_at,
    error_message = excluded.error_message,
    updated_at = excluded.updated_at
