-- Every attempt at some deliveries, in order.
SELECT delivery_id, attempt, attempted_at, status, error, duration_ms
  FROM webhook_attempts
 WHERE delivery_id = ANY(%(delivery_ids)s::BIGINT[])
 ORDER BY delivery_id, attempt
