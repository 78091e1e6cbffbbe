-- Add hits as fast as PostgreSQL takes them; one that is there already refuses them all.
COPY access_logs (
    id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
    screen_resolution, language, timezone, place, event_name, created_at, event_data, custom_params
) FROM STDIN
