-- The ids of all entries that failed for good, the oldest first; of one application, or with words in their reason.
SELECT id
  FROM batch_queue
 WHERE status = 'failed'
   AND (%(app_id)s::TEXT IS NULL OR tracking_data ->> 'app_id' = %(app_id)s)
   AND (%(reason)s::TEXT IS NULL OR strpos(error_message, %(reason)s) > 0)
 ORDER BY processed_at, id
