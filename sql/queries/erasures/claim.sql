-- Take an erasure that nobody is working on: a certain one, or the oldest.
UPDATE erasures
SET state = 'running', started_at = coalesce(started_at, %(now)s), leased_by = %(owner)s,
    leased_until = now() + make_interval(secs => %(seconds)s)
WHERE id = (
    SELECT id
    FROM erasures
    WHERE state <> 'done' AND (leased_until IS NULL OR leased_until < now())
        AND (%(id)s::uuid IS NULL OR id = %(id)s)
    ORDER BY requested_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, application_id, (SELECT app_id FROM applications WHERE applications.id = application_id) AS app_id, kind,
          identifiers, requested_at
