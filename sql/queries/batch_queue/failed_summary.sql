-- What failed for good, of the entries that came last: how often for which application and reason.
SELECT app_id, reason, count(*) AS hits, max(processed_at) AS latest
  FROM (
    SELECT tracking_data ->> 'app_id' AS app_id, error_message AS reason, processed_at
      FROM batch_queue
     WHERE status = 'failed'
     ORDER BY created_at DESC
     LIMIT %(looked_at)s
  ) AS last_ones
 GROUP BY app_id, reason
 ORDER BY hits DESC, latest DESC
