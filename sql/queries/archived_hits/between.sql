-- The files with all columns of the hits of a month, or of one day of an application.
SELECT id, application_id, date, first_hour, last_hour, name, hits, bytes, checksum, rows_checksum,
       restored_at IS NOT NULL AS is_restored
FROM archived_hits
WHERE date BETWEEN %(first)s AND %(last)s AND replaced_at IS NULL
  AND (%(application_id)s::uuid IS NULL OR application_id = %(application_id)s)
ORDER BY date, application_id, first_hour
