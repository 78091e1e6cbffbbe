-- Keep entries that wait for Redis; one that is here already, waiting or failed, stays as it is.
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
ON CONFLICT (id) DO NOTHING
