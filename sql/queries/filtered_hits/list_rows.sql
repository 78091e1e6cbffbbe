-- How many hits of an application were left out, by hour and reason.
SELECT hour, reason, hits
  FROM filtered_hits
 WHERE application_id = %(application_id)s
 ORDER BY hour, reason
