-- Some hits of an application between two times.
SELECT id, created_at
FROM access_logs
WHERE app_id = %(app_id)s AND application_id = %(application_id)s AND created_at >= %(start)s AND created_at < %(end)s
LIMIT %(limit)s
