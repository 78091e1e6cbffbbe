-- Look through the next deliveries of an application, and delete those whose payload names a person, such as those
-- about sessions. There may be millions: a statement that looked through all of them would not end in time.
WITH looked_at AS MATERIALIZED (
    SELECT delivery.id, payload::jsonb -> 'data' AS data
    FROM webhook_deliveries AS delivery
    JOIN webhooks ON webhooks.id = delivery.webhook_id
    WHERE application_id = %(application_id)s AND delivery.id > %(after)s
    ORDER BY delivery.id
    LIMIT %(limit)s
),
gone AS (
    DELETE FROM webhook_deliveries
    USING looked_at
    WHERE webhook_deliveries.id = looked_at.id
        AND (
            data ->> 'client_sub_id' = ANY(%(client_sub_ids)s::text[])
            OR data ->> 'session_id' = ANY(%(session_ids)s::text[])
            OR data ->> 'ip_address' = ANY(%(addresses)s::text[])
        )
    RETURNING webhook_deliveries.id
)
SELECT (SELECT max(id) FROM looked_at) AS last, (SELECT count(*) FROM looked_at) AS looked_at,
       (SELECT count(*) FROM gone) AS deleted
