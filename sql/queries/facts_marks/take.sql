-- Take the marks of a day, and say which minutes of its hours they are about.
WITH taken AS (
    DELETE FROM facts_marks
    WHERE application_id = %(application_id)s AND date = %(date)s
    RETURNING hour, minutes
)
SELECT hour, CASE WHEN bool_or(minutes IS NULL) THEN NULL ELSE bit_or(minutes) END AS minutes
FROM taken
GROUP BY hour
ORDER BY hour
