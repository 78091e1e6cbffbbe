-- Take the marks of some days, and say which minutes of their hours they are about.
WITH taken AS (
    DELETE FROM facts_marks
    USING unnest(%(application_ids)s::uuid[], %(dates)s::date[]) AS day (application_id, date)
    WHERE facts_marks.application_id = day.application_id AND facts_marks.date = day.date
    RETURNING facts_marks.application_id, facts_marks.date, hour, minutes
)
SELECT application_id, date, hour, CASE WHEN bool_or(minutes IS NULL) THEN NULL ELSE bit_or(minutes) END AS minutes
FROM taken
GROUP BY application_id, date, hour
