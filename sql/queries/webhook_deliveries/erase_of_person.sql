-- Delete deliveries whose payload names a person, such as those about sessions, a few at once.
DELETE FROM webhook_deliveries
WHERE id IN (
    SELECT delivery.id
    FROM webhook_deliveries AS delivery
    JOIN webhooks ON webhooks.id = delivery.webhook_id,
    LATERAL (SELECT payload::jsonb -> 'data' AS data) AS body
    WHERE application_id = %(application_id)s
        AND (
            data ->> 'client_sub_id' = ANY(%(client_sub_ids)s::text[])
            OR data ->> 'session_id' = ANY(%(session_ids)s::text[])
            OR data ->> 'ip_address' = ANY(%(addresses)s::text[])
        )
    LIMIT %(limit)s
)
