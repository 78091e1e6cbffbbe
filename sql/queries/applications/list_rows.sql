-- A page of applications as their owners see them, oldest first, never the hash of a key; one of them, or all.
SELECT id, app_id, name, description, domain, status, rate_limit_per_minute, created_at, updated_at, deleted_at
  FROM applications
 WHERE (%(app_id)s::TEXT IS NULL OR app_id = %(app_id)s)
   AND (%(deleted)s OR deleted_at IS NULL)
   AND (%(status)s::TEXT IS NULL OR status = %(status)s)
   AND (%(after_app_id)s::TEXT IS NULL
        OR (created_at, app_id) > (%(after_created_at)s::TIMESTAMPTZ, %(after_app_id)s))
 ORDER BY created_at, app_id
 LIMIT %(limit)s::BIGINT
