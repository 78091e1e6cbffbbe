-- Add the defined parameters of new hits without COPY.
INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, parameter_value, created_at)
SELECT access_log_id, application_id, parameter_key, parameter_value, created_at
FROM jsonb_to_recordset(%(values)s::jsonb) AS parameter (
    access_log_id BIGINT, application_id UUID, parameter_key TEXT, parameter_value TEXT,
    created_at TIMESTAMP WITH TIME ZONE
)
