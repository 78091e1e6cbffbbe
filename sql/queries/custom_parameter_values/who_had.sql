-- How many different visitors and sessions had each of some values of a parameter, from the raw rows.
SELECT value, count(DISTINCT visitor) AS unique_visitors, count(DISTINCT session_id) AS unique_sessions
FROM (
    SELECT element AS value, session_id, statistics_visitor(client_sub_id, ip_address, user_agent) AS visitor
    FROM custom_parameter_values AS given
    JOIN access_logs AS hit ON hit.id = given.access_log_id AND hit.created_at = given.created_at
    CROSS JOIN LATERAL (
        SELECT parameter_value WHERE NOT %(is_array)s
        UNION ALL
        SELECT statistics_elements(parameter_value) WHERE %(is_array)s
    ) AS elements (element)
    WHERE given.application_id = %(application_id)s AND given.parameter_key = %(parameter_key)s
      AND given.created_at >= %(start)s AND given.created_at < %(end)s
      AND hit.created_at >= %(start)s AND hit.created_at < %(end)s
      AND (%(is_array)s OR given.parameter_value = ANY(%(values)s))
) AS hits
WHERE value = ANY(%(values)s)
GROUP BY value
