-- The numbers of an application's days, in order, without those of its parameters.
SELECT date, total_requests, unique_visitors, unique_sessions
FROM daily_statistics
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
ORDER BY date
