-- The applications that have a webhook which asks for an event by one of these names.
SELECT DISTINCT applications.app_id
  FROM webhooks
  JOIN applications ON applications.id = webhooks.application_id
 WHERE webhooks.is_active AND applications.deleted_at IS NULL AND webhooks.events ?| %(names)s
 ORDER BY applications.app_id
