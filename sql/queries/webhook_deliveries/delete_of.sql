-- Forget deliveries of a webhook that is being deleted, with their attempts, a few at once.
DELETE FROM webhook_deliveries
WHERE id IN (SELECT id FROM webhook_deliveries WHERE webhook_id = %(webhook_id)s ORDER BY id LIMIT %(limit)s)
