-- Forget runs and batches from before a time, a few at once.
DELETE FROM batch_jobs
WHERE id IN (SELECT id FROM batch_jobs WHERE created_at < %(before)s ORDER BY created_at LIMIT %(limit)s)
