-- The latest hits of one session since a time, for a person who watches them arrive.
SELECT {columns}
  FROM access_logs
 WHERE session_id = %(session_id)s AND app_id = %(app_id)s AND created_at >= %(since)s
 ORDER BY created_at DESC, id DESC
 LIMIT %(limit)s
