-- Of deliveries that were claimed a while ago those that are still to be sent, and what sending them needs by now.
SELECT
    delivery.id, webhooks.url, webhooks.secret,
    CASE WHEN webhooks.previous_secret_expires_at > %(now)s THEN webhooks.previous_secret END AS previous_secret
FROM webhook_deliveries AS delivery
JOIN webhooks ON webhooks.id = delivery.webhook_id
JOIN applications ON applications.id = webhooks.application_id
WHERE delivery.id = ANY(%(ids)s::BIGINT[]) AND delivery.state = 'waiting' AND delivery.leased_by = %(owner)s
    AND webhooks.is_active AND applications.deleted_at IS NULL
