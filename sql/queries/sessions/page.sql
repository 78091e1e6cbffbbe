-- A page of an application's sessions that began within a time, the latest first. A session's last hit is never
-- earlier than its first, which lets the index on last_accessed_at serve for the beginning.
SELECT id, session_id, app_id, client_sub_id, module_id, user_agent, host(ip_address) AS ip_address,
       first_accessed_at, last_accessed_at, page_views, is_active, session_custom_params
FROM sessions
WHERE application_id = %(application_id)s AND app_id = %(app_id)s
  AND first_accessed_at >= %(start)s AND first_accessed_at < %(end)s AND last_accessed_at >= %(start)s
  AND (%(before)s::timestamptz IS NULL OR (first_accessed_at, id) < (%(before)s::timestamptz, %(before_id)s::uuid))
  AND (%(is_active)s::boolean IS NULL OR is_active = %(is_active)s)
  AND (%(session_id)s::text IS NULL OR session_id = %(session_id)s)
  AND (%(client_sub_id)s::text IS NULL OR client_sub_id = %(client_sub_id)s)
  AND (%(module_id)s::text IS NULL OR module_id = %(module_id)s)
  AND (%(custom_params)s::jsonb IS NULL OR session_custom_params @> %(custom_params)s::jsonb)
ORDER BY first_accessed_at DESC, id DESC
LIMIT %(limit)s
