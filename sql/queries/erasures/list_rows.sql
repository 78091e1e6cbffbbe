-- Erasures of an application, or one of them, the newest first, without the identifiers.
SELECT id, kind, state, digests, counts, notes, requested_at, started_at, finished_at
FROM erasures
WHERE application_id = %(application_id)s AND (%(id)s::uuid IS NULL OR id = %(id)s)
    AND (%(after)s::uuid IS NULL
         OR (requested_at, id) < (SELECT requested_at, id FROM erasures WHERE id = %(after)s))
ORDER BY requested_at DESC, id DESC
LIMIT %(limit)s
