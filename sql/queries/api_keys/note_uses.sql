-- When keys were used, by processes that each saw some of it: the latest counts.
UPDATE api_keys SET last_used_at = used_at
  FROM unnest(%(ids)s::UUID[], %(times)s::TIMESTAMPTZ[]) AS use (key_id, used_at)
 WHERE id = key_id AND (last_used_at IS NULL OR last_used_at < used_at)
