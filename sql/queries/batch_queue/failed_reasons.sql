-- Which entries failed for good and why, without what they hold, the latest first; of one application where one is named.
SELECT id, tracking_data ->> 'app_id' AS app_id, error_message AS reason, processed_at AS failed_at
  FROM batch_queue
 WHERE status = 'failed' AND (%(app_id)s::TEXT IS NULL OR tracking_data ->> 'app_id' = %(app_id)s)
 ORDER BY processed_at DESC, id
 LIMIT %(limit)s
