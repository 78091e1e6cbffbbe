-- Delete what is to be sent, or was sent, about some hits of an application.
DELETE FROM webhook_deliveries
WHERE webhook_id IN (SELECT id FROM webhooks WHERE application_id = %(application_id)s)
    AND event_id = ANY(%(event_ids)s::text[])
