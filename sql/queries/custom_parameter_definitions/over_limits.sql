-- Applications with more definitions, or more bytes of defaults with their keys, than the limits allow.
SELECT application.app_id
  FROM applications AS application
  JOIN custom_parameter_definitions AS definition ON definition.application_id = application.id
 WHERE application.deleted_at IS NULL
 GROUP BY application.app_id
HAVING count(*) > %(definitions)s
    OR sum(octet_length(definition.parameter_key) + octet_length(definition.default_value)) > %(default_bytes)s
 ORDER BY application.app_id
