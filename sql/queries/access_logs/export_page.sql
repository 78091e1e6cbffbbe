-- A page of an application's hits within a time, in the order of their times and ids.
SELECT id, created_at, app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address,
       session_id, screen_resolution, language, timezone, event_name, event_data::text AS event_data,
       CASE WHEN %(with_params)s THEN custom_params::text END AS custom_params
FROM access_logs
WHERE application_id = %(application_id)s AND app_id = %(app_id)s
  AND created_at >= %(start)s AND created_at < %(end)s
  AND (%(after)s::timestamptz IS NULL
       OR (created_at >= %(after)s::timestamptz AND (created_at, id) > (%(after)s::timestamptz, %(after_id)s::bigint)))
  AND (%(custom_params)s::jsonb IS NULL OR custom_params @> %(custom_params)s::jsonb)
  AND (%(event_name)s::text IS NULL OR event_name = %(event_name)s)
  AND (%(session_id)s::text IS NULL OR session_id = %(session_id)s)
  AND (%(client_sub_id)s::text IS NULL OR client_sub_id = %(client_sub_id)s)
ORDER BY created_at, id
LIMIT %(limit)s
