-- When keys were used, by processes that each saw some of it: the latest counts. Locked in one order by all of them.
WITH uses AS (
    SELECT * FROM unnest(%(hashes)s::TEXT[], %(times)s::TIMESTAMPTZ[]) AS use (hash, used_at)
),
locked AS (
    SELECT id, used_at FROM api_keys JOIN uses ON key_hash = hash
     WHERE last_used_at IS NULL OR last_used_at < used_at
     ORDER BY id FOR NO KEY UPDATE OF api_keys
)
UPDATE api_keys SET last_used_at = greatest(last_used_at, used_at) FROM locked WHERE api_keys.id = locked.id
