-- Send again what failed for good since a time, a few at once, the oldest first; each schedule of retries begins anew.
UPDATE webhook_deliveries
SET state = 'waiting', due_at = %(now)s, finished_at = NULL, attempts_before = attempt, leased_until = NULL,
    leased_by = NULL
WHERE id IN (
    SELECT id
    FROM webhook_deliveries
    WHERE webhook_id = %(webhook_id)s AND state = 'failed' AND finished_at >= %(since)s
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
