-- A process is there, and works with this Redis.
INSERT INTO processes (name, queue_id, seen_at) VALUES (%(name)s, %(queue_id)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET queue_id = excluded.queue_id, seen_at = excluded.seen_at
