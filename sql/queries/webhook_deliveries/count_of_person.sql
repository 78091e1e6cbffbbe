-- How many deliveries name a person in their payload, those about hits aside.
SELECT count(*) AS count
FROM webhook_deliveries AS delivery
JOIN webhooks ON webhooks.id = delivery.webhook_id,
LATERAL (SELECT payload::jsonb -> 'data' AS data) AS body
WHERE application_id = %(application_id)s AND NOT starts_with(event_id, 'hit_')
    AND (
        data ->> 'client_sub_id' = ANY(%(client_sub_ids)s::text[])
        OR data ->> 'session_id' = ANY(%(session_ids)s::text[])
        OR data ->> 'ip_address' = ANY(%(addresses)s::text[])
    )
