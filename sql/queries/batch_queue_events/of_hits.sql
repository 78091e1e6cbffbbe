-- The events that some hits came with.
SELECT tracking_id, application_id, event_id FROM batch_queue_events WHERE tracking_id = ANY(%(tracking_ids)s::UUID[])
