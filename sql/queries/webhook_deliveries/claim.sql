-- Claim due deliveries for a while: of those webhooks whose deliveries have waited longest, a few each.
WITH RECURSIVE expecting AS (
    -- Each webhook for which anything waits, by one step through the index for each, however much waits.
    (SELECT webhook_id FROM webhook_deliveries WHERE state = 'waiting' ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT later.webhook_id
        FROM webhook_deliveries AS later
        WHERE later.state = 'waiting' AND later.webhook_id > expecting.webhook_id
        ORDER BY later.webhook_id
        LIMIT 1
    )
    FROM expecting
    WHERE expecting.webhook_id IS NOT NULL
),
ranked AS (
    SELECT
        webhooks.id, state.is_unhealthy,
        row_number() OVER (PARTITION BY state.is_unhealthy ORDER BY first.due_at) AS place
    FROM expecting
    JOIN webhooks ON webhooks.id = expecting.webhook_id
    JOIN applications ON applications.id = webhooks.application_id
    CROSS JOIN LATERAL (
        SELECT webhooks.failure_count > 0 OR webhooks.id = ANY(%(unhealthy)s::UUID[]) AS is_unhealthy
    ) AS state
    CROSS JOIN LATERAL (
        SELECT due_at
        FROM webhook_deliveries
        WHERE webhook_id = webhooks.id AND state = 'waiting' AND due_at <= %(now)s
            AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY due_at
        LIMIT 1
    ) AS first
    WHERE webhooks.is_active AND applications.deleted_at IS NULL
        AND (webhooks.paused_until IS NULL OR webhooks.paused_until <= %(now)s)
        AND webhooks.id <> ALL(%(except_for)s::UUID[])
),
chosen AS (
    -- Unhealthy ones have places of their own: theirs has waited longest, and would leave no place to any other.
    SELECT id, is_unhealthy
    FROM ranked
    WHERE place <= CASE WHEN is_unhealthy THEN %(unhealthy_webhooks)s::INTEGER ELSE %(webhooks)s::INTEGER END
),
claimed AS (
    SELECT due.id
    FROM chosen
    CROSS JOIN LATERAL (
        SELECT id
        FROM webhook_deliveries
        WHERE webhook_id = chosen.id AND state = 'waiting' AND due_at <= %(now)s
            AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY due_at
        -- An unhealthy one gets one at a time, so that nothing else is held for it while it hangs.
        LIMIT CASE WHEN chosen.is_unhealthy THEN 1 ELSE %(per_webhook)s::INTEGER END
        FOR UPDATE SKIP LOCKED
    ) AS due
)
UPDATE webhook_deliveries AS delivery
SET leased_until = %(until)s, leased_by = %(owner)s
FROM claimed, webhooks
WHERE delivery.id = claimed.id AND webhooks.id = delivery.webhook_id
RETURNING
    delivery.id, delivery.webhook_id, delivery.event_id, delivery.payload,
    delivery.attempt - delivery.attempts_before AS tries, delivery.leased_until, webhooks.url, webhooks.secret,
    CASE WHEN webhooks.previous_secret_expires_at > %(now)s THEN webhooks.previous_secret END AS previous_secret,
    webhooks.failure_count > 0 AS is_failing
