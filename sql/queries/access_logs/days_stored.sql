-- The days (UTC) of a month on which anybody has a hit, or a session its last one. On the others there is nothing to
-- look for: most months ahead, and of a small installation most days, have no row at all. The bounds of the month stand
-- there once more for the planner, which would else lock every month there is.
SELECT (start_of_day AT TIME ZONE 'UTC')::date AS day
FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '24 hours', interval '24 hours')
    AS days (start_of_day)
WHERE EXISTS (
        SELECT FROM access_logs
        WHERE created_at >= start_of_day AND created_at < start_of_day + interval '24 hours'
          AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz)
    OR EXISTS (
        SELECT FROM sessions
        WHERE last_accessed_at >= start_of_day AND last_accessed_at < start_of_day + interval '24 hours')
