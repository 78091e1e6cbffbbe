-- The hours of an application that have statistics, in order.
SELECT date, hour, total_requests, unique_visitors, custom_param_stats
FROM hourly_statistics
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
ORDER BY date, hour
