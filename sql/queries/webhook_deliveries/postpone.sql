-- Try later what could not even be sent, for a reason that is ours: no attempt is counted.
UPDATE webhook_deliveries AS delivery
SET due_at = %(due_at)s, leased_until = NULL, leased_by = NULL, last_error = postponed.error
FROM jsonb_to_recordset(%(postponed)s::jsonb) AS postponed (id BIGINT, error TEXT)
WHERE delivery.id = postponed.id AND delivery.state = 'waiting' AND delivery.leased_by = %(owner)s
