-- Record attempts: what is to become of each delivery, and a row for each attempt.
WITH made AS (
    SELECT *
    FROM jsonb_to_recordset(%(attempts)s::jsonb) AS attempt (
        delivery_id BIGINT, state TEXT, due_at TIMESTAMP WITH TIME ZONE, attempted_at TIMESTAMP WITH TIME ZONE,
        finished_at TIMESTAMP WITH TIME ZONE, status INTEGER, error TEXT, duration_ms INTEGER
    )
),
recorded AS (
    UPDATE webhook_deliveries AS delivery
    SET state = made.state, attempt = delivery.attempt + 1, due_at = coalesce(made.due_at, delivery.due_at),
        leased_until = NULL, leased_by = NULL, last_status = made.status, last_error = made.error,
        duration_ms = made.duration_ms, finished_at = made.finished_at
    FROM made
    WHERE delivery.id = made.delivery_id AND delivery.state = 'waiting'
        -- Where our lease has lapsed and another sender has it now, our failure says nothing; a success ends it.
        AND (delivery.leased_by = %(owner)s OR made.state = 'delivered')
    RETURNING delivery.id, delivery.attempt
)
INSERT INTO webhook_attempts (delivery_id, attempt, attempted_at, status, error, duration_ms)
SELECT recorded.id, recorded.attempt, made.attempted_at, made.status, made.error, made.duration_ms
FROM recorded
JOIN made ON made.delivery_id = recorded.id
