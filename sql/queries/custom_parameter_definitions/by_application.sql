-- The definitions of some applications, by key, for the workers and for their owners.
SELECT application_id, parameter_key, parameter_name, parameter_type, description, is_required, default_value,
       validation_rules
  FROM custom_parameter_definitions
 WHERE application_id = ANY(%(application_ids)s::UUID[])
 ORDER BY application_id, parameter_key
