-- How many hits of an application were left out, by hour and reason; codes of refused hits are for the ledger.
SELECT hour, reason, hits
  FROM filtered_hits
 WHERE application_id = %(application_id)s
   AND reason = lower(reason)
 ORDER BY hour, reason
