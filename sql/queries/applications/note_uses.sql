-- The same for first keys (api_keys/note_uses): no change of the application, whose updated_at stays.
WITH uses AS (
    SELECT * FROM unnest(%(hashes)s::TEXT[], %(times)s::TIMESTAMPTZ[]) AS use (hash, used_at)
),
locked AS (
    SELECT id, used_at FROM applications JOIN uses ON api_key_hash = hash
     WHERE api_key_last_used_at IS NULL OR api_key_last_used_at < used_at
     ORDER BY id FOR NO KEY UPDATE OF applications
)
UPDATE applications SET api_key_last_used_at = greatest(api_key_last_used_at, used_at)
  FROM locked
 WHERE applications.id = locked.id
