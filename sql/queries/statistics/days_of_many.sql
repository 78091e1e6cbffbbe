-- Requests and visitors of the days that have any, of several applications.
SELECT application_id, date, total_requests, unique_visitors
  FROM daily_statistics
 WHERE application_id = ANY(%(application_ids)s::UUID[]) AND date BETWEEN %(first)s AND %(last)s
 ORDER BY application_id, date
