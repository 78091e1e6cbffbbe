-- The funnels of an application.
SELECT id, name, steps
  FROM funnels
 WHERE application_id = %(application_id)s
 ORDER BY created_at, id
