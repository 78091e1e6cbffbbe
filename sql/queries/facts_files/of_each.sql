-- The files that hold the facts of some days of applications now.
SELECT id, application_id, date, first_hour, first_minute, last_hour, last_minute, name, facts, bytes, checksum,
       parameters
FROM facts_files
JOIN unnest(%(application_ids)s::uuid[], %(dates)s::date[]) AS day (application_id, date) USING (application_id, date)
WHERE replaced_at IS NULL
ORDER BY date, first_hour, first_minute
