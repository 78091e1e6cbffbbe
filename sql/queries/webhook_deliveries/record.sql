-- Record attempts: what is to become of each delivery, and a row for each attempt.
WITH made AS (
    SELECT *
    FROM jsonb_to_recordset(%(attempts)s::jsonb) AS attempt (
        delivery_id BIGINT, url TEXT, state TEXT, due_at TIMESTAMP WITH TIME ZONE,
        attempted_at TIMESTAMP WITH TIME ZONE, finished_at TIMESTAMP WITH TIME ZONE, status INTEGER, error TEXT,
        duration_ms INTEGER
    )
),
judged AS (
    -- Where the webhook leads elsewhere by now, another endpoint's failure says nothing: the new one gets it at once.
    SELECT
        delivery.id, made.state, made.due_at, made.finished_at, made.status, made.error, made.duration_ms,
        made.state <> 'delivered' AND webhooks.url <> made.url AS has_moved
    FROM made
    JOIN webhook_deliveries AS delivery ON delivery.id = made.delivery_id
    JOIN webhooks ON webhooks.id = delivery.webhook_id
),
recorded AS (
    UPDATE webhook_deliveries AS delivery
    SET state = CASE WHEN has_moved THEN 'waiting' ELSE judged.state END, attempt = delivery.attempt + 1,
        attempts_before = CASE WHEN has_moved THEN delivery.attempt + 1 ELSE delivery.attempts_before END,
        due_at = CASE WHEN has_moved THEN %(now)s ELSE coalesce(judged.due_at, delivery.due_at) END,
        leased_until = NULL, leased_by = NULL, last_status = judged.status, last_error = judged.error,
        duration_ms = judged.duration_ms, finished_at = CASE WHEN NOT has_moved THEN judged.finished_at END
    FROM judged
    WHERE delivery.id = judged.id AND delivery.state = 'waiting'
        -- Where our lease has lapsed and another sender has it now, our failure says nothing; a success ends it.
        AND (delivery.leased_by = %(owner)s OR judged.state = 'delivered')
    RETURNING delivery.id, delivery.attempt
)
INSERT INTO webhook_attempts (delivery_id, attempt, attempted_at, status, error, duration_ms)
SELECT recorded.id, recorded.attempt, made.attempted_at, made.status, made.error, made.duration_ms
FROM recorded
JOIN made ON made.delivery_id = recorded.id
