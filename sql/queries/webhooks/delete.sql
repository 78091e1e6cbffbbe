-- Forget a webhook, its deliveries and their attempts.
DELETE FROM webhooks WHERE id = %(webhook_id)s
