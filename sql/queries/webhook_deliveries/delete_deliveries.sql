-- Delete deliveries of an application's webhooks, a few at once.
DELETE FROM webhook_deliveries
WHERE id IN (
    SELECT delivery.id
    FROM webhook_deliveries AS delivery
    JOIN webhooks ON webhooks.id = delivery.webhook_id
    WHERE application_id = %(application_id)s
    LIMIT %(limit)s
)
