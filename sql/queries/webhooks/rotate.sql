-- Give a webhook a new secret; the one before goes on signing for a while.
UPDATE webhooks
SET previous_secret = secret, previous_secret_expires_at = %(previous_expires_at)s, secret = %(secret)s,
    updated_at = %(now)s
WHERE id = %(webhook_id)s
