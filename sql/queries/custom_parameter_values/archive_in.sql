-- Bring the parameter values of hits back, as CSV.
COPY custom_parameter_values (id, access_log_id, application_id, parameter_key, parameter_value, created_at)
FROM STDIN (FORMAT csv, NULL 'NULL')
