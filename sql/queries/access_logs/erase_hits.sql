-- Delete hits by their identities, and say how statistics, sessions and webhooks know them.
DELETE FROM access_logs
USING jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
WHERE access_logs.id = hit.id AND access_logs.created_at = hit.created_at
    AND access_logs.created_at BETWEEN %(first)s AND %(last)s
RETURNING
    access_logs.id, access_logs.created_at,
    extract(hour FROM access_logs.created_at AT TIME ZONE 'UTC')::integer AS hour,
    client_sub_id, ip_address::text AS ip_address, user_agent, session_id,
    statistics_visitor(client_sub_id, ip_address, user_agent) AS visitor
