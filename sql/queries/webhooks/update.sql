-- Change where a webhook listens and to what; what is NULL stays.
UPDATE webhooks
SET url = coalesce(%(url)s, url), events = coalesce(%(events)s, events), updated_at = %(now)s
WHERE id = %(webhook_id)s
