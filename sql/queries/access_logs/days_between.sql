-- How many hits each application has on each day (UTC) of a time.
SELECT application_id, (created_at AT TIME ZONE 'UTC')::date AS date, count(*) AS hits
FROM access_logs
WHERE created_at >= %(start)s AND created_at < %(end)s
GROUP BY 1, 2
ORDER BY 2, 1
