-- Send nothing more to a webhook that is active, and say why.
UPDATE webhooks
SET is_active = false, disabled_at = %(now)s, disabled_reason = %(reason)s, updated_at = %(now)s
WHERE id = %(webhook_id)s AND is_active
