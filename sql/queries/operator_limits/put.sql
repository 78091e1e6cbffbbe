-- Note what the operator allows an application at most, over what it was.
INSERT INTO operator_limits (application_id, limit_name, limit_value)
VALUES (%(application_id)s, %(limit_name)s, %(limit_value)s)
    ON CONFLICT (application_id, limit_name) DO UPDATE SET limit_value = excluded.limit_value
