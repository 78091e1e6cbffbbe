-- Make sessions what the hits of others say of them, and delete those that only the person had.
WITH hits AS MATERIALIZED (
    SELECT session_id, id, created_at, client_sub_id, module_id, user_agent, ip_address, event_name, custom_params
    FROM access_logs
    WHERE application_id = %(application_id)s AND session_id = ANY(%(named)s::text[])
        AND created_at BETWEEN %(first)s AND %(last)s -- few months, so that few are locked
        AND (client_sub_id = ANY(%(client_sub_ids)s::text[]) OR session_id = ANY(%(session_ids)s::text[])
             OR ip_address = ANY(%(addresses)s::inet[])) IS NOT TRUE
),
others AS ( -- the earliest value counts, as when they were written
    SELECT session_id, min(created_at) AS first_accessed_at, max(created_at) AS last_accessed_at,
           (array_agg(client_sub_id ORDER BY created_at, id) FILTER (WHERE client_sub_id IS NOT NULL))[1] AS client_sub_id,
           (array_agg(module_id ORDER BY created_at, id) FILTER (WHERE module_id IS NOT NULL))[1] AS module_id,
           (array_agg(user_agent ORDER BY created_at, id) FILTER (WHERE user_agent IS NOT NULL))[1] AS user_agent,
           (array_agg(ip_address ORDER BY created_at, id) FILTER (WHERE ip_address IS NOT NULL))[1] AS ip_address,
           count(*) FILTER (WHERE event_name IS NULL OR event_name IN ('page_view', 'pageview')) AS page_views
    FROM hits
    GROUP BY session_id
),
parameters AS ( -- the latest value counts
    SELECT session_id, jsonb_object_agg(key, value ORDER BY created_at, id) AS merged
    FROM hits, jsonb_each(CASE WHEN jsonb_typeof(custom_params) = 'object' THEN custom_params END)
    GROUP BY session_id
),
changed AS (
    UPDATE sessions
    SET first_accessed_at = others.first_accessed_at,
        last_accessed_at = others.last_accessed_at,
        client_sub_id = others.client_sub_id,
        module_id = others.module_id,
        user_agent = others.user_agent,
        ip_address = others.ip_address,
        page_views = others.page_views,
        session_custom_params = merged
    FROM others
    LEFT JOIN parameters USING (session_id)
    WHERE sessions.application_id = %(application_id)s AND sessions.session_id = others.session_id
    RETURNING sessions.session_id
),
gone AS (
    DELETE FROM sessions
    WHERE application_id = %(application_id)s AND session_id = ANY(%(named)s::text[])
        AND session_id NOT IN (SELECT session_id FROM others)
    RETURNING session_id
)
SELECT (SELECT count(*) FROM gone) AS deleted, (SELECT count(*) FROM changed) AS changed
