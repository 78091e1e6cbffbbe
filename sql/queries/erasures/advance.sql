-- Count what this transaction erases, and go on holding the erasure; no row where another holds it now.
UPDATE erasures
SET counts = counts || (
        SELECT coalesce(jsonb_object_agg(key, coalesce((counts ->> key)::bigint, 0) + value::bigint), '{}')
        FROM jsonb_each_text(%(added)s::jsonb) AS added (key, value)
    ),
    leased_until = now() + make_interval(secs => %(seconds)s)
WHERE id = %(id)s AND leased_by = %(owner)s AND state = 'running'
