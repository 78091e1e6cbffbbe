-- The saved filters of an application.
SELECT id, name, filters
  FROM segments
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
