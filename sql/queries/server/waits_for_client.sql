-- Whether the session of a process waits for its client to send something; it is ended where that is asked for. Its age
-- tells it from another that has got the number since, and from a number that a pooler made up: then there is no row.
SELECT wait_event IS NOT DISTINCT FROM 'ClientRead'
       AND CASE WHEN %(end)s AND wait_event = 'ClientRead' THEN pg_terminate_backend(pid) ELSE true END AS waits
  FROM pg_stat_activity
 WHERE pid = %(pid)s AND usename = current_user
   AND abs(extract(EPOCH FROM clock_timestamp() - backend_start) - %(age)s) < 5
