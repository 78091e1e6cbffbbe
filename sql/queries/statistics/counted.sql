-- How many hits of an application the statistics have counted.
SELECT coalesce(sum(total_requests), 0) AS count FROM daily_statistics WHERE application_id = %(application_id)s
