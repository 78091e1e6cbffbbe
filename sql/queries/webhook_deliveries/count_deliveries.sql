-- Of the next deliveries of an application, how many name a person in their payload, those about hits aside. There may
-- be millions: a statement that looked through all of them would not end in time.
WITH looked_at AS MATERIALIZED (
    SELECT delivery.id, event_id, payload::jsonb -> 'data' AS data
    FROM webhook_deliveries AS delivery
    JOIN webhooks ON webhooks.id = delivery.webhook_id
    WHERE application_id = %(application_id)s AND delivery.id > %(after)s
    ORDER BY delivery.id
    LIMIT %(limit)s
)
SELECT max(id) AS last, count(*) AS looked_at,
       count(*) FILTER (
           WHERE NOT starts_with(event_id, 'hit_')
               AND (
                   data ->> 'client_sub_id' = ANY(%(client_sub_ids)s::text[])
                   OR data ->> 'session_id' = ANY(%(session_ids)s::text[])
                   OR data ->> 'ip_address' = ANY(%(addresses)s::text[])
               )
       ) AS count
FROM looked_at
