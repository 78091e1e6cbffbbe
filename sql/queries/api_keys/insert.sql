-- A further key of an application.
INSERT INTO api_keys (application_id, key_hash, name, permissions, expires_at)
VALUES (%(application_id)s, %(key_hash)s, %(name)s, %(permissions)s, %(expires_at)s)
RETURNING id
