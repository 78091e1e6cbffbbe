-- How many hits an application has from a time until another, and of how many visitors; of so many, the latest, at most.
SELECT count(*) AS hits,
       count(DISTINCT (client_sub_id, CASE WHEN client_sub_id IS NULL THEN ip_address END,
                       CASE WHEN client_sub_id IS NULL THEN user_agent END)) AS visitors
  FROM (
    SELECT client_sub_id, ip_address, user_agent
      FROM access_logs
     WHERE application_id = %(application_id)s AND app_id = %(app_id)s
       AND created_at >= %(start)s AND created_at < %(end)s
     ORDER BY created_at DESC
     LIMIT %(limit)s
  ) AS latest
