-- The share links of an application, never the hashes of their tokens and passwords.
SELECT id, name, frame_origins, created_at, expires_at, password_hash IS NOT NULL AS has_password
  FROM shares
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
