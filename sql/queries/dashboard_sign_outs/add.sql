-- End a session of the dashboard, and forget those that have ended by themselves.
WITH forgotten AS (
    DELETE FROM dashboard_sign_outs
    WHERE session_id IN (
        SELECT session_id FROM dashboard_sign_outs
        WHERE expires_at < %(now)s
        ORDER BY expires_at
        LIMIT 100
        FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO dashboard_sign_outs (session_id, expires_at)
VALUES (%(session_id)s, %(expires_at)s)
ON CONFLICT (session_id) DO NOTHING
