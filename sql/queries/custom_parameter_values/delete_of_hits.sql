-- Delete the parameter values of some hits; the times of the first and the last let PostgreSQL look at few months.
DELETE FROM custom_parameter_values AS parameter
USING jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
WHERE parameter.access_log_id = hit.id AND parameter.created_at = hit.created_at
    AND parameter.created_at BETWEEN %(first)s AND %(last)s
