-- Applications as their owners see them, never the hash of a key; one of them, or all.
SELECT id, app_id, name, description, domain, status, rate_limit_per_minute, created_at, updated_at, deleted_at
  FROM applications
 WHERE (%(app_id)s::TEXT IS NULL OR app_id = %(app_id)s)
   AND (%(deleted)s OR deleted_at IS NULL)
 ORDER BY created_at, app_id
