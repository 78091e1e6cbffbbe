-- Forget deliveries from before a time that wait for a webhook which is disabled, or whose application was deleted, a
-- few at once.
DELETE FROM webhook_deliveries
WHERE id IN (
    SELECT delivery.id
    FROM webhooks
    JOIN applications ON applications.id = webhooks.application_id
    JOIN webhook_deliveries AS delivery
      ON delivery.webhook_id = webhooks.id AND delivery.state = 'waiting' AND delivery.created_at < %(before)s
    WHERE NOT webhooks.is_active OR applications.deleted_at IS NOT NULL
    LIMIT %(limit)s
    FOR UPDATE OF delivery SKIP LOCKED
)
