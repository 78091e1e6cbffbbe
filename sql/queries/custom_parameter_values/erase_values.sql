-- Delete the parameter values of some hits, and say by hour how often each came.
WITH gone AS (
    DELETE FROM custom_parameter_values AS parameter
    USING jsonb_to_recordset(%(hits)s::jsonb) AS hit (id BIGINT, created_at TIMESTAMP WITH TIME ZONE)
    WHERE parameter.access_log_id = hit.id AND parameter.created_at = hit.created_at
        AND parameter.created_at BETWEEN %(first)s AND %(last)s
    RETURNING extract(hour FROM parameter.created_at AT TIME ZONE 'UTC')::integer AS hour,
              parameter_key AS key, parameter_value AS text
)
SELECT hour, key, text, count(*) AS count
FROM gone
GROUP BY hour, key, text
