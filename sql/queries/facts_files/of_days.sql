-- The files that hold the facts of a day of an application now.
SELECT id, application_id, date, first_hour, first_minute, last_hour, last_minute, name, facts, bytes, checksum,
       parameters
FROM facts_files
WHERE application_id = %(application_id)s AND date BETWEEN %(first)s AND %(last)s AND replaced_at IS NULL
ORDER BY date, first_hour, first_minute
