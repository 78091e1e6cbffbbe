-- Give up one delivery that waits; not one that is being sent at this moment, of which nobody knows what will become.
UPDATE webhook_deliveries
SET state = 'failed', finished_at = %(now)s, last_error = %(discarded)s, leased_until = NULL, leased_by = NULL
WHERE webhook_id = %(webhook_id)s AND id = %(delivery_id)s AND state = 'waiting'
    AND (leased_until IS NULL OR leased_until <= %(now)s)
