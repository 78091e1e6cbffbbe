-- Send again what failed for good since a time, a few at once, in the order in which it failed; each schedule of retries
-- begins anew. What somebody has discarded stays so. The place after which to go on spares a look at the entries that the index still has of those before.
WITH found AS MATERIALIZED (
    SELECT id, finished_at
    FROM webhook_deliveries
    WHERE webhook_id = %(webhook_id)s AND state = 'failed' AND finished_at <= %(now)s
        AND last_error IS DISTINCT FROM %(discarded)s
        AND (finished_at, id) > (%(after_at)s, %(after_id)s)
    ORDER BY finished_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS delivery
SET state = 'waiting', due_at = %(now)s, finished_at = NULL, attempts_before = attempt, leased_until = NULL,
    leased_by = NULL, last_error = CASE WHEN last_error = ANY(%(given_up)s) THEN NULL ELSE last_error END
FROM found
WHERE delivery.id = found.id
RETURNING found.finished_at, found.id
