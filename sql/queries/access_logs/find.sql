-- One hit by its primary key, whose created_at leads to one partition only.
SELECT id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address,
       session_id, screen_resolution, language, timezone, place, event_name, event_data, custom_params, created_at
  FROM access_logs
 WHERE id = %(id)s AND created_at = %(created_at)s
