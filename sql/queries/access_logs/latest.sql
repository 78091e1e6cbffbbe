-- The latest hits of an application from a time until another: what was looked at, and nothing about who did.
SELECT id, created_at, url, event_name, referrer
  FROM access_logs
 WHERE application_id = %(application_id)s AND app_id = %(app_id)s
   AND created_at >= %(start)s AND created_at < %(end)s
 ORDER BY created_at DESC, id DESC
 LIMIT %(limit)s
