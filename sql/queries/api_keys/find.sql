-- One further key of an application, a revoked one too, never its hash.
SELECT id, name, permissions, last_used_at, expires_at, is_active, created_at
  FROM api_keys
 WHERE application_id = %(application_id)s AND id = %(id)s
