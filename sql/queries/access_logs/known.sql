-- Hits that are stored under some ids, at about their times: a log may have been read with another time zone before.
SELECT id, client_sub_id, module_id, url, referrer, user_agent, host(ip_address) AS ip_address,
       session_id, screen_resolution, language, timezone, place, event_name, event_data, custom_params, created_at
FROM access_logs
WHERE id = ANY(%(ids)s::bigint[]) AND created_at BETWEEN %(first)s AND %(last)s
    AND application_id = %(application_id)s
