-- The days of which there are facts, of one application or of all.
SELECT DISTINCT application_id, date FROM facts_files
WHERE replaced_at IS NULL AND (%(application_id)s::uuid IS NULL OR application_id = %(application_id)s)
  AND date BETWEEN %(first)s AND %(last)s
ORDER BY date, application_id
