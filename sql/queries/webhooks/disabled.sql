-- Disabled webhooks of applications that are there, those disabled last first, never their secrets.
SELECT webhooks.id, webhooks.application_id, applications.app_id, webhooks.url, webhooks.events, webhooks.is_active,
       webhooks.last_triggered_at, webhooks.failure_count, webhooks.created_at, webhooks.updated_at,
       webhooks.previous_secret_expires_at, webhooks.failing_since, webhooks.paused_until, webhooks.disabled_at,
       webhooks.disabled_reason, webhooks.backlog_full_since
  FROM webhooks
  JOIN applications ON applications.id = webhooks.application_id
 WHERE NOT webhooks.is_active AND applications.deleted_at IS NULL
 ORDER BY webhooks.disabled_at DESC NULLS LAST, webhooks.id
 LIMIT %(limit)s::BIGINT
