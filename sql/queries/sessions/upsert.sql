-- Begin sessions and go on with those of the same application; answers with their ids and whether they are new.
INSERT INTO sessions (
    session_id, application_id, app_id, client_sub_id, module_id, user_agent, ip_address,
    first_accessed_at, last_accessed_at, page_views, is_active, session_custom_params
)
SELECT
    session_id, application_id, app_id, client_sub_id, module_id, user_agent, ip_address,
    first_accessed_at, last_accessed_at, page_views, is_active, session_custom_params
FROM jsonb_to_recordset(%(sessions)s::jsonb) AS seen (
    session_id TEXT, application_id UUID, app_id TEXT, client_sub_id TEXT, module_id TEXT, user_agent TEXT,
    ip_address INET, first_accessed_at TIMESTAMP WITH TIME ZONE, last_accessed_at TIMESTAMP WITH TIME ZONE,
    page_views INTEGER, is_active BOOLEAN, session_custom_params JSONB
)
-- Two workers lock the sessions that they share in the same order.
ORDER BY session_id COLLATE "C"
ON CONFLICT (session_id) DO UPDATE SET
    client_sub_id = CASE
        WHEN excluded.first_accessed_at < sessions.first_accessed_at
            THEN coalesce(excluded.client_sub_id, sessions.client_sub_id)
        ELSE coalesce(sessions.client_sub_id, excluded.client_sub_id)
    END,
    module_id = CASE
        WHEN excluded.first_accessed_at < sessions.first_accessed_at
            THEN coalesce(excluded.module_id, sessions.module_id)
        ELSE coalesce(sessions.module_id, excluded.module_id)
    END,
    user_agent = CASE
        WHEN excluded.first_accessed_at < sessions.first_accessed_at
            THEN coalesce(excluded.user_agent, sessions.user_agent)
        ELSE coalesce(sessions.user_agent, excluded.user_agent)
    END,
    ip_address = CASE
        WHEN excluded.first_accessed_at < sessions.first_accessed_at
            THEN coalesce(excluded.ip_address, sessions.ip_address)
        ELSE coalesce(sessions.ip_address, excluded.ip_address)
    END,
    first_accessed_at = least(sessions.first_accessed_at, excluded.first_accessed_at),
    last_accessed_at = greatest(sessions.last_accessed_at, excluded.last_accessed_at),
    page_views = sessions.page_views + excluded.page_views,
    is_active = sessions.is_active
        OR (excluded.is_active AND excluded.last_accessed_at > sessions.last_accessed_at),
    session_custom_params = CASE
        WHEN excluded.session_custom_params IS NULL THEN sessions.session_custom_params
        WHEN sessions.session_custom_params IS NULL THEN excluded.session_custom_params
        -- A session that collects ever new keys would be rewritten whole at each hit: at 32 KiB it is full.
        WHEN pg_column_size(sessions.session_custom_params) > 32768 THEN sessions.session_custom_params
        WHEN excluded.last_accessed_at >= sessions.last_accessed_at
            THEN sessions.session_custom_params || excluded.session_custom_params
        ELSE excluded.session_custom_params || sessions.session_custom_params
    END
-- A session id is unique across applications: another application's session stays as it is (decision 0008).
WHERE sessions.application_id = excluded.application_id
-- xmax is 0 in a row that this statement has inserted, not in one that it has updated.
RETURNING session_id, (xmax = 0) AS is_new
