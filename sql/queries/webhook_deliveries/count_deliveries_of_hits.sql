-- How many deliveries there are about some hits of an application.
SELECT count(*) AS count
FROM webhook_deliveries
WHERE webhook_id IN (SELECT id FROM webhooks WHERE application_id = %(application_id)s)
    AND event_id = ANY(%(event_ids)s::text[])
