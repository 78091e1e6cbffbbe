-- Send one delivery again, whatever became of it; its schedule of retries begins anew.
UPDATE webhook_deliveries
SET state = 'waiting', due_at = least(due_at, %(now)s), finished_at = NULL,
    -- Of a delivery on its way it is not true any more that it is not sent; why it failed before still is.
    last_error = CASE WHEN last_error = ANY(%(given_up)s) THEN NULL ELSE last_error END,
    attempts_before = CASE WHEN state = 'waiting' THEN attempts_before ELSE attempt END,
    -- One that is being sent at this moment stays its sender's.
    leased_until = CASE WHEN state = 'waiting' THEN leased_until END,
    leased_by = CASE WHEN state = 'waiting' THEN leased_by END
WHERE webhook_id = %(webhook_id)s AND id = %(delivery_id)s
