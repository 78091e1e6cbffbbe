-- What was sent or is to be sent to a webhook, the latest first; never the payload, which may be large.
SELECT id, webhook_id, event_id, event_type, state, attempt, attempts_before, due_at, last_status, last_error,
       duration_ms, created_at, finished_at
  FROM webhook_deliveries
 WHERE webhook_id = %(webhook_id)s
   AND (%(state)s::TEXT IS NULL OR state = %(state)s)
   AND (%(event_id)s::TEXT IS NULL OR event_id = %(event_id)s)
   AND (%(before_id)s::BIGINT IS NULL OR id < %(before_id)s)
 ORDER BY id DESC
 LIMIT %(limit)s
