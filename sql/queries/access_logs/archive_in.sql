-- Bring hits back, as CSV; their parameter values follow.
COPY access_logs (
    id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
    screen_resolution, language, timezone, place, event_name, event_data, custom_params, created_at
) FROM STDIN (FORMAT csv, NULL 'NULL')
