-- Add to the counts of refused parameters; in the order of the key, so that two workers never wait in a circle.
INSERT INTO custom_parameter_refusals (application_id, date, parameter_key, reason, refused)
SELECT application_id, date, parameter_key, reason, refused
FROM jsonb_to_recordset(%(refusals)s::jsonb) AS refusal (
    application_id UUID, date DATE, parameter_key TEXT, reason TEXT, refused BIGINT
)
ORDER BY application_id, date, parameter_key, reason
ON CONFLICT (application_id, date, parameter_key, reason) DO UPDATE
SET refused = custom_parameter_refusals.refused + excluded.refused
