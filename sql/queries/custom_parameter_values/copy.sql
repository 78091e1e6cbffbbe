-- Add the defined parameters of new hits.
COPY custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at) FROM STDIN
