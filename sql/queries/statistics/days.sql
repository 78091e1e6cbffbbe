-- The days of an application that have statistics, in order.
SELECT date, total_requests, unique_visitors, unique_sessions, custom_param_stats
FROM daily_statistics
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
ORDER BY date
