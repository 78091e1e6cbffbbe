-- Have retries made now, a few at once, of webhooks for which too many wait and whose endpoint fails no longer; where none
-- is due already, so that what fails again comes after everything else.
UPDATE webhook_deliveries AS delivery
SET due_at = %(now)s
FROM (
    SELECT later.id
    FROM webhooks
    CROSS JOIN LATERAL (
        SELECT id
        FROM webhook_deliveries
        WHERE webhook_id = webhooks.id AND state = 'waiting'
        ORDER BY due_at
        LIMIT %(per_webhook)s
        FOR UPDATE SKIP LOCKED
    ) AS later
    WHERE backlog_full_since IS NOT NULL AND is_active AND failing_since IS NULL
        AND (paused_until IS NULL OR paused_until <= %(now)s)
        AND NOT EXISTS (
            SELECT FROM webhook_deliveries WHERE webhook_id = webhooks.id AND state = 'waiting' AND due_at <= %(now)s
        )
    LIMIT %(limit)s
) AS retry
WHERE delivery.id = retry.id
