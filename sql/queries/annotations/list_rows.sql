-- The notes of some days, both ends included; the latest where there are more than are asked for.
SELECT id, day, text
  FROM annotations
 WHERE application_id = %(application_id)s AND day BETWEEN %(first)s AND %(last)s
 ORDER BY day DESC, created_at DESC
 LIMIT %(limit)s
