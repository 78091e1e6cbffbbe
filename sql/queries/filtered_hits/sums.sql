-- How many hits of an application were left out over a time, by reason, the most frequent first; codes of refused
-- hits, which stand in capitals, are for the ledger.
SELECT reason, sum(hits)::BIGINT AS hits
  FROM filtered_hits
 WHERE application_id = %(application_id)s AND hour >= %(start)s AND hour < %(end)s
   AND reason = lower(reason)
 GROUP BY reason
 ORDER BY hits DESC, reason
