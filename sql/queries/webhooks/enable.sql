-- Let a webhook begin anew: active, and nothing held against it.
UPDATE webhooks
SET is_active = true, failure_count = 0, failing_since = NULL, paused_until = NULL, disabled_at = NULL,
    disabled_reason = NULL, updated_at = %(now)s
WHERE id = %(webhook_id)s
