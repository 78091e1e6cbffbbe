-- The goals of an application.
SELECT id, name, step, value_parameter
  FROM goals
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
