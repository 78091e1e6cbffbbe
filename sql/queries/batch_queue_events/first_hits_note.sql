-- Note events with the hits that they came with; one that is noted already keeps its hit, unless that was too long ago.
INSERT INTO batch_queue_events (application_id, event_id, tracking_id, created_at)
SELECT %(application_id)s, event_id, tracking_id, %(now)s
FROM unnest(%(event_ids)s::UUID[], %(tracking_ids)s::UUID[]) AS given (event_id, tracking_id)
-- Two transactions that note the same events do so in the same order, and the second one waits for the first.
ORDER BY event_id
ON CONFLICT (application_id, event_id) DO UPDATE
SET tracking_id = excluded.tracking_id, created_at = excluded.created_at
WHERE batch_queue_events.created_at < %(too_old)s
