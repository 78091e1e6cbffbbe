-- Count the hits of an application that have some custom parameters, by period (NULL: all of them together).
WITH hits AS (
    SELECT date_trunc(%(period)s, created_at AT TIME ZONE 'UTC') AS period, session_id,
           statistics_visitor(client_sub_id, ip_address, user_agent) AS visitor
    FROM access_logs
    WHERE custom_params @> %(filter)s::jsonb
      AND application_id = %(application_id)s AND app_id = %(app_id)s
      AND created_at >= %(start)s AND created_at < %(end)s
)
SELECT period, count(*) AS total_requests, count(DISTINCT visitor) AS unique_visitors,
       count(DISTINCT session_id) AS unique_sessions
FROM hits
GROUP BY GROUPING SETS ((period), ())
ORDER BY period
