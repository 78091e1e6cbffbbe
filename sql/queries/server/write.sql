-- Write a row, for a health check: only a write that is committed shows that the server takes writes.
INSERT INTO leases (name, owner, expires_at)
VALUES ('health check', 'health check', clock_timestamp())
ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
