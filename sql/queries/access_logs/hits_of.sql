-- Some hits of a person on one day, by whichever identifier they are known; only addresses need the whole day read.
SELECT id, created_at
FROM access_logs
WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
    AND client_sub_id = ANY(%(client_sub_ids)s::text[])
UNION
SELECT id, created_at
FROM access_logs
WHERE application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
    AND session_id = ANY(%(session_ids)s::text[])
UNION
SELECT id, created_at
FROM access_logs
WHERE cardinality(%(addresses)s::text[]) > 0
    AND application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
    AND ip_address = ANY(%(addresses)s::inet[])
LIMIT %(limit)s
