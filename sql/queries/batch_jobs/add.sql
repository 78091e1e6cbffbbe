-- Note what one batch or one run did.
INSERT INTO batch_jobs (
    job_type, status, batch_size, processed_count, error_count, started_at, completed_at, error_message,
    created_at, updated_at
) VALUES (
    %(job_type)s, %(status)s, %(batch_size)s, %(processed_count)s, %(error_count)s, %(started_at)s, %(completed_at)s,
    %(error_message)s, %(completed_at)s, %(completed_at)s
)
