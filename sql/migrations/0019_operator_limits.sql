-- What the operator allows an application at most, so that its owner can lower a limit and raise it again, no further.
CREATE TABLE operator_limits (
    application_id UUID NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    limit_name VARCHAR(100) NOT NULL, -- rate_limit_per_minute, or the key of a setting
    limit_value BIGINT NOT NULL,
    PRIMARY KEY (application_id, limit_name)
);

-- Who set the present limits cannot be told; they hold.
INSERT INTO operator_limits (application_id, limit_name, limit_value)
SELECT id, 'rate_limit_per_minute', rate_limit_per_minute FROM applications;
