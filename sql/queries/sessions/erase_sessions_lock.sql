-- Hold sessions of an application until the transaction ends, in the order in which workers take them; when they were.
SELECT session_id, first_accessed_at, last_accessed_at
FROM sessions
WHERE application_id = %(application_id)s AND session_id = ANY(%(named)s::text[])
ORDER BY session_id COLLATE "C"
FOR UPDATE
