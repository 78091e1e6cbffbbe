-- Note for which of some webhooks too many deliveries wait, and for which no longer; those for which that changes. They
-- are counted no further than that takes.
WITH counted AS (
    SELECT
        webhooks.id, backlog_full_since IS NOT NULL AS was_full,
        (
            SELECT count(*)
            FROM (
                SELECT
                FROM webhook_deliveries
                WHERE webhook_id = webhooks.id AND state = 'waiting'
                LIMIT CASE WHEN backlog_full_since IS NULL THEN %(full_above)s::BIGINT ELSE %(room_below)s::BIGINT END + 1
            ) AS found
        ) AS waiting
    FROM webhooks
    WHERE id = ANY(%(webhook_ids)s::UUID[])
)
UPDATE webhooks
SET backlog_full_since = CASE WHEN was_full THEN NULL ELSE %(now)s::TIMESTAMP WITH TIME ZONE END
FROM counted
WHERE webhooks.id = counted.id
    AND CASE WHEN was_full THEN waiting <= %(room_below)s ELSE waiting > %(full_above)s END
RETURNING webhooks.id, NOT was_full AS is_full
