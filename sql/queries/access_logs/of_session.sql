-- The latest hits of one session since a time, for a person who watches them arrive.
SELECT id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address,
       session_id, screen_resolution, language, timezone, event_name, event_data, custom_params, created_at
  FROM access_logs
 WHERE session_id = %(session_id)s AND app_id = %(app_id)s AND created_at >= %(since)s
 ORDER BY created_at DESC, id DESC
 LIMIT %(limit)s
