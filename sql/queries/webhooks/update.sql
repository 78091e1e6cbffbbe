-- Change where a webhook listens and to what; what is NULL stays. What an endpoint did is not held against another one.
UPDATE webhooks
SET url = coalesce(%(url)s, url), events = coalesce(%(events)s, events), updated_at = %(now)s,
    failure_count = CASE WHEN url = coalesce(%(url)s, url) THEN failure_count ELSE 0 END,
    failing_since = CASE WHEN url = coalesce(%(url)s, url) THEN failing_since END,
    paused_until = CASE WHEN url = coalesce(%(url)s, url) THEN paused_until END
WHERE id = %(webhook_id)s
