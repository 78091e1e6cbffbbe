-- Which hits some events of an application came with first.
SELECT event_id, tracking_id
FROM batch_queue_events
WHERE application_id = %(application_id)s AND event_id = ANY(%(event_ids)s::UUID[])
