-- The days from one on of which an hour stands in several files.
SELECT DISTINCT application_id, date
FROM facts_files
WHERE replaced_at IS NULL AND date >= %(since)s AND first_hour = last_hour
GROUP BY application_id, date, first_hour
HAVING count(*) > 1
