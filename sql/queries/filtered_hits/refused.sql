-- How many hits were refused because a limit was used up, by application and limit, the most first.
SELECT applications.app_id, filtered_hits.reason, sum(filtered_hits.hits)::BIGINT AS hits
  FROM filtered_hits
  JOIN applications ON applications.id = filtered_hits.application_id
 WHERE filtered_hits.hour >= %(since)s AND filtered_hits.reason = ANY (%(limits)s)
 GROUP BY applications.app_id, filtered_hits.reason
 ORDER BY hits DESC, applications.app_id, filtered_hits.reason
