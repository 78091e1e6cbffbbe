-- The increments of one day of an application that are not folded yet.
SELECT id
FROM statistics_increments
WHERE application_id = %(application_id)s AND date = %(date)s
ORDER BY id
