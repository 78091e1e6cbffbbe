-- The first day of which the statistics have a hit of an application.
SELECT min(date) AS date FROM daily_statistics WHERE application_id = %(application_id)s AND total_requests > 0
