-- Give back what was claimed and not sent.
UPDATE webhook_deliveries
SET leased_until = NULL, leased_by = NULL
WHERE id = ANY(%(ids)s::BIGINT[]) AND state = 'waiting' AND leased_by = %(owner)s
