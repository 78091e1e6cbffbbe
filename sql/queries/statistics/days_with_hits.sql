-- The days on which an application has hits, by the statistics.
SELECT date FROM daily_statistics
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s AND total_requests > 0
