-- Entries that waited for Redis are in the pipeline now.
UPDATE batch_queue
SET status = 'completed', processed_at = %(now)s, updated_at = %(now)s
WHERE id = ANY(%(ids)s) AND status = 'queued'
