-- Register a webhook; its secret is encrypted.
INSERT INTO webhooks (application_id, url, events, secret, created_at, updated_at)
VALUES (%(application_id)s, %(url)s, %(events)s, %(secret)s, %(now)s, %(now)s)
RETURNING id
