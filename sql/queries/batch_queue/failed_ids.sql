-- The ids of all entries that failed for good, the oldest first; of one application where one is named.
SELECT id
  FROM batch_queue
 WHERE status = 'failed' AND (%(app_id)s::TEXT IS NULL OR tracking_data ->> 'app_id' = %(app_id)s)
 ORDER BY processed_at, id
