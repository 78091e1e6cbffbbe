-- The erasure of the same that is not done yet.
SELECT id
FROM erasures
WHERE application_id = %(application_id)s AND kind = %(kind)s AND identifiers = %(identifiers)s AND state <> 'done'
ORDER BY requested_at
LIMIT 1
