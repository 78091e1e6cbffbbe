-- How many hits of an application were left out over a time, by reason, the most frequent first.
SELECT reason, sum(hits)::BIGINT AS hits
  FROM filtered_hits
 WHERE application_id = %(application_id)s AND hour >= %(start)s AND hour < %(end)s
 GROUP BY reason
 ORDER BY hits DESC, reason
