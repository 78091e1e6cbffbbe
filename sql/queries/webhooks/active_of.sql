-- Who listens: the active webhooks of some applications, for writing deliveries.
SELECT webhooks.id, webhooks.application_id, applications.app_id, webhooks.events, webhooks.updated_at
  FROM webhooks
  JOIN applications ON applications.id = webhooks.application_id
 WHERE webhooks.application_id = ANY(%(application_ids)s::UUID[]) AND webhooks.is_active
   AND applications.deleted_at IS NULL
 ORDER BY webhooks.application_id, webhooks.created_at, webhooks.id
