-- Note how endpoints fared: the last attempt, failures one after the other and since when, a pause that was asked for.
UPDATE webhooks AS webhook
SET last_triggered_at = greatest(webhook.last_triggered_at, streak.last_at),
    failure_count = CASE WHEN streak.succeeded THEN 0 ELSE webhook.failure_count END + streak.failures,
    failing_since = CASE
        WHEN streak.failures = 0 THEN NULL
        WHEN streak.succeeded THEN streak.failing_since
        ELSE coalesce(webhook.failing_since, streak.failing_since)
    END,
    paused_until = greatest(webhook.paused_until, streak.paused_until)
FROM jsonb_to_recordset(%(streaks)s::jsonb) AS streak (
    webhook_id UUID, url TEXT, last_at TIMESTAMP WITH TIME ZONE, succeeded BOOLEAN, failures INTEGER,
    failing_since TIMESTAMP WITH TIME ZONE, paused_until TIMESTAMP WITH TIME ZONE
)
-- What was sent to another URL than the webhook's present one says nothing about this one.
WHERE webhook.id = streak.webhook_id AND webhook.url = streak.url
RETURNING webhook.id, webhook.application_id, webhook.url, webhook.is_active, webhook.failure_count, webhook.failing_since
