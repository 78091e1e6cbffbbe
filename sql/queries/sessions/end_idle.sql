-- End active sessions without a hit for as long as their application allows; one that is being written to is left.
WITH idle AS (
    SELECT session.id
    FROM jsonb_to_recordset(%(limits)s::jsonb) AS application (id UUID, idle_since TIMESTAMP WITH TIME ZONE)
    CROSS JOIN LATERAL (
        SELECT id
        FROM sessions
        -- As a comparison of rows, which idx_sessions_active alone can answer and order: by the index on
        -- last_accessed_at, which looks as good to the planner, all sessions that ended long ago would be read.
        WHERE is_active
            AND (application_id, last_accessed_at) >= (application.id, '-infinity')
            AND (application_id, last_accessed_at) < (application.id, application.idle_since)
        ORDER BY application_id, last_accessed_at
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS session
    LIMIT %(limit)s
)
UPDATE sessions
SET is_active = false
FROM idle
WHERE sessions.id = idle.id
RETURNING
    sessions.session_id, sessions.application_id, sessions.app_id, sessions.client_sub_id, sessions.module_id,
    sessions.first_accessed_at, sessions.last_accessed_at, sessions.page_views
