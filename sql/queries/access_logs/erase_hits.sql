-- Delete hits by their identities, mark their facts, and say how statistics, sessions and webhooks know them.
WITH hit AS (
    SELECT id, created_at FROM jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
),
marked AS (
    INSERT INTO facts_marks (application_id, date, hour, minutes)
    SELECT application_id, (created_at AT TIME ZONE 'UTC')::date, extract(hour FROM created_at AT TIME ZONE 'UTC'),
           bit_or(1::bigint << extract(minute FROM created_at AT TIME ZONE 'UTC')::integer)
    FROM access_logs JOIN hit USING (id, created_at)
    WHERE created_at BETWEEN %(first)s AND %(last)s
    GROUP BY 1, 2, 3
)
DELETE FROM access_logs
USING hit
WHERE access_logs.id = hit.id AND access_logs.created_at = hit.created_at
    AND access_logs.created_at BETWEEN %(first)s AND %(last)s
RETURNING
    access_logs.id, access_logs.created_at,
    extract(hour FROM access_logs.created_at AT TIME ZONE 'UTC')::integer AS hour,
    client_sub_id, ip_address::text AS ip_address, user_agent, session_id,
    statistics_visitor(client_sub_id, ip_address, user_agent) AS visitor
