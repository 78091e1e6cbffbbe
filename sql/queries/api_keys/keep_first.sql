-- Keeps the first key of an application for a while, as a further one with the same hash, when another takes its place.
INSERT INTO api_keys (application_id, key_hash, name, permissions, last_used_at, expires_at)
SELECT id, api_key_hash, %(name)s, %(permissions)s, api_key_last_used_at, now() + make_interval(secs => %(seconds)s)
  FROM applications WHERE id = %(application_id)s
    ON CONFLICT (key_hash) DO NOTHING
