-- The numbers of an application's hours, in order, without those of its parameters.
SELECT date, hour, total_requests, unique_visitors
FROM hourly_statistics
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s
ORDER BY date, hour
