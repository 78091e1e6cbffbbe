-- Some of the hits that an import has stored and that were queued until a time, held until the transaction ends.
SELECT id, ids, times
FROM imported_hits
WHERE import_id = %(import_id)s AND accepted_at <= %(until)s
ORDER BY id
LIMIT %(limit)s
FOR UPDATE
