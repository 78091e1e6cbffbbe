-- Webhooks of applications that are there, of one application or one alone; never their secrets. Oldest first.
SELECT webhooks.id, webhooks.application_id, applications.app_id, webhooks.url, webhooks.events, webhooks.is_active,
       webhooks.last_triggered_at, webhooks.failure_count, webhooks.created_at, webhooks.updated_at,
       webhooks.previous_secret_expires_at, webhooks.failing_since, webhooks.paused_until, webhooks.disabled_at,
       webhooks.disabled_reason, webhooks.backlog_full_since
  FROM webhooks
  JOIN applications ON applications.id = webhooks.application_id
 WHERE applications.deleted_at IS NULL
   AND (%(webhook_id)s::UUID IS NULL OR webhooks.id = %(webhook_id)s)
   AND (%(app_id)s::TEXT IS NULL OR applications.app_id = %(app_id)s)
 ORDER BY webhooks.created_at, webhooks.id
