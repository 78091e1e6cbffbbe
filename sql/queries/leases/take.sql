-- Take a lease that is free, has run out or is ours already; no row where another holds it.
INSERT INTO leases (name, owner, expires_at)
VALUES (%(name)s, %(owner)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
WHERE leases.owner = excluded.owner OR leases.expires_at < clock_timestamp()
RETURNING name
