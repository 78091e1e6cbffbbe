-- Add the hits that are not there yet and say which these were; a hit that arrives twice collides with itself.
INSERT INTO access_logs (
    id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
    screen_resolution, language, timezone, event_name, event_data, custom_params, created_at
)
SELECT
    id, application_id, app_id, client_sub_id, module_id, url, referrer, user_agent, ip_address, session_id,
    screen_resolution, language, timezone, event_name, event_data, custom_params, created_at
FROM jsonb_to_recordset(%(hits)s::jsonb) AS hit (
    id BIGINT, application_id UUID, app_id TEXT, client_sub_id TEXT, module_id TEXT, url TEXT, referrer TEXT,
    user_agent TEXT, ip_address INET, session_id TEXT, screen_resolution TEXT, language TEXT, timezone TEXT,
    event_name TEXT, event_data JSONB, custom_params JSONB, created_at TIMESTAMP WITH TIME ZONE
)
ON CONFLICT (id, created_at) DO NOTHING
RETURNING id, created_at
