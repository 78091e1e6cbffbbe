-- Note what is to be sent to webhooks that are still there and active; an event that one has already is left alone.
-- For a webhook for which too many wait it is noted as failed: nobody tries it until somebody asks for that.
WITH listening AS MATERIALIZED (
    -- The snapshot that chose the webhooks may be some seconds old. The locks keep the rows from being deleted, which
    -- would break the foreign key; they do not wait for the sender's changes.
    SELECT id, backlog_full_since IS NOT NULL AND NOT %(even_if_full)s AS is_full
    FROM webhooks
    WHERE id = ANY(%(webhook_ids)s::UUID[]) AND is_active
    ORDER BY id
    FOR KEY SHARE
)
INSERT INTO webhook_deliveries (
    webhook_id, event_id, event_type, payload, due_at, created_at, state, last_error, finished_at
)
SELECT
    listening.id, given.event_id, given.event_type, given.payload, %(now)s, %(now)s,
    CASE WHEN is_full THEN 'failed' ELSE 'waiting' END, CASE WHEN is_full THEN %(too_many)s END,
    CASE WHEN is_full THEN %(now)s END
FROM jsonb_to_recordset(%(deliveries)s::jsonb) AS given (
    webhook_ids UUID[], event_id TEXT, event_type TEXT, payload TEXT
)
JOIN listening ON listening.id = ANY(given.webhook_ids)
-- Two transactions that note the same events do so in the same order.
ORDER BY listening.id, given.event_id
ON CONFLICT (webhook_id, event_id) DO NOTHING
