-- How many parameter values some hits have.
SELECT count(*) AS count
FROM custom_parameter_values AS parameter
JOIN jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
    ON parameter.access_log_id = hit.id AND parameter.created_at = hit.created_at
WHERE parameter.created_at BETWEEN %(first)s AND %(last)s
