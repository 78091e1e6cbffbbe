-- Of each webhook for which too many wait and whose endpoint fails, try one delivery now where none was tried lately: the
-- retries to come may be hours away, and new deliveries, which would show that it answers again, are not tried.
UPDATE webhook_deliveries AS delivery
SET due_at = %(now)s
FROM (
    SELECT first.id
    FROM webhooks
    CROSS JOIN LATERAL (
        SELECT id, due_at
        FROM webhook_deliveries
        WHERE webhook_id = webhooks.id AND state = 'waiting'
        ORDER BY due_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS first
    WHERE backlog_full_since IS NOT NULL AND is_active AND failing_since IS NOT NULL
        AND last_triggered_at < %(silent_since)s AND (paused_until IS NULL OR paused_until <= %(now)s)
        AND first.due_at > %(now)s
) AS probe
WHERE delivery.id = probe.id
