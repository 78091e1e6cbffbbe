-- The sessions of a person whose last hit lies within a day, by whichever identifier they are known.
SELECT session_id
FROM sessions
WHERE application_id = %(application_id)s AND last_accessed_at >= %(start)s AND last_accessed_at < %(end)s
    AND (client_sub_id = ANY(%(client_sub_ids)s::text[]) OR session_id = ANY(%(session_ids)s::text[])
         OR ip_address = ANY(%(addresses)s::inet[]))
