-- Writes definitions of one application, over those with the same keys.
INSERT INTO custom_parameter_definitions AS present (
    application_id, parameter_key, parameter_name, parameter_type, description, is_required, default_value,
    validation_rules)
SELECT %(application_id)s, parameter_key, parameter_name, parameter_type, description, is_required, default_value,
       validation_rules
  FROM jsonb_to_recordset(%(definitions)s) AS wanted (
    parameter_key TEXT, parameter_name TEXT, parameter_type TEXT, description TEXT, is_required BOOLEAN,
    default_value TEXT, validation_rules JSONB)
 ORDER BY parameter_key
    ON CONFLICT (application_id, parameter_key) DO UPDATE
   SET parameter_name = excluded.parameter_name,
       parameter_type = excluded.parameter_type,
       description = excluded.description,
       is_required = excluded.is_required,
       default_value = excluded.default_value,
       validation_rules = excluded.validation_rules,
       updated_at = now()
