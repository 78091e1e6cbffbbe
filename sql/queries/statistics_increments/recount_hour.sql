-- Put one increment, counted from the raw rows of an hour, in the place of those of that hour that are not folded yet.
-- A hit and its increment were committed together, and this statement looks once: it sees both or neither.
WITH gone AS (
    DELETE FROM statistics_increments
    WHERE application_id = %(application_id)s AND date = %(date)s AND hour = %(hour)s
    RETURNING received_at
),
hits AS MATERIALIZED (
    SELECT id, created_at, session_id, statistics_visitor(client_sub_id, ip_address, user_agent) AS visitor
    FROM access_logs
    WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
),
texts AS (
    SELECT parameter_key, parameter_value, count(*)::integer AS count
    FROM hits
    JOIN custom_parameter_values AS given
        ON given.access_log_id = hits.id AND given.created_at = hits.created_at
    WHERE given.created_at >= %(start)s AND given.created_at < %(end)s
    GROUP BY parameter_key, parameter_value
),
parameters AS (
    SELECT
        coalesce(array_agg(parameter_key), '{}') AS keys,
        coalesce(array_agg(parameter_value), '{}') AS texts,
        coalesce(array_agg(count), '{}') AS counts
    FROM texts
),
recounted AS (
    INSERT INTO statistics_increments (
        application_id, received_at, date, hour, total_requests, visitors, sessions,
        parameter_keys, parameter_values, parameter_counts
    )
    SELECT
        %(application_id)s,
        (SELECT min(received_at) FROM gone),
        %(date)s,
        %(hour)s,
        count(*),
        array_agg(DISTINCT visitor),
        coalesce((SELECT array_agg(DISTINCT statistics_session(session_id)) FROM hits WHERE session_id IS NOT NULL), '{}'),
        (SELECT keys FROM parameters),
        (SELECT texts FROM parameters),
        (SELECT counts FROM parameters)
    FROM hits
    HAVING count(*) > 0
    RETURNING id, application_id, received_at, total_requests
),
noted_already AS (
    -- What is gone has gone into the ledger, and so will this one: without this, each hit of the hour twice.
    INSERT INTO ledger_changes (application_id, hour, stored)
    SELECT application_id, date_trunc('hour', received_at, 'UTC'), -total_requests
    FROM recounted
    WHERE received_at IS NOT NULL
)
SELECT id, total_requests FROM recounted
