-- Add a small batch to the last row of its kind, where that is of the same minute, without an error, and not large yet.
-- A row that another worker is adding to is left alone.
UPDATE batch_jobs
   SET batch_size = batch_jobs.batch_size + %(batch_size)s,
       processed_count = batch_jobs.processed_count + %(processed_count)s,
       completed_at = %(completed_at)s,
       updated_at = %(completed_at)s
 WHERE id = (SELECT id FROM batch_jobs
              WHERE job_type = %(job_type)s AND created_at > %(completed_at)s - interval '1 minute'
                AND status = 'completed' AND error_count = 0 AND batch_size + %(batch_size)s <= %(limit)s
              ORDER BY created_at DESC
              LIMIT 1
                FOR UPDATE SKIP LOCKED)
