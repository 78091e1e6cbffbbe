-- The further keys of an application, revoked ones too, never their hashes.
SELECT id, name, permissions, last_used_at, expires_at, is_active, created_at
  FROM api_keys
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
