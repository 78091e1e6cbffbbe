-- Put one mark an hour in the place of many, while nobody makes facts. Their numbers lie below all others, as in `put`.
WITH taken AS (
    DELETE FROM facts_marks RETURNING id, application_id, date, hour, minutes
)
INSERT INTO facts_marks (id, application_id, date, hour, minutes) OVERRIDING SYSTEM VALUE
SELECT -min(abs(id)), application_id, date, hour,
       CASE WHEN bool_or(minutes IS NULL) THEN NULL ELSE bit_or(minutes) END
FROM taken
GROUP BY application_id, date, hour
