-- Those of some days of which minutes of few hours are marked, and no file that is about any of these has many facts.
SELECT application_id, date
FROM unnest(%(application_ids)s::uuid[], %(dates)s::date[]) AS day (application_id, date)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT hour) AS hours, bool_or(minutes IS NULL) AS is_whole
    FROM facts_marks
    WHERE facts_marks.application_id = day.application_id AND facts_marks.date = day.date
) AS marked
WHERE hours <= %(hours)s AND NOT is_whole
  AND NOT EXISTS (
    SELECT FROM facts_files JOIN facts_marks USING (application_id, date)
    WHERE facts_files.application_id = day.application_id AND facts_files.date = day.date
      AND replaced_at IS NULL AND facts >= %(facts)s AND hour BETWEEN first_hour AND last_hour
      AND (minutes & ((1::bigint << CASE WHEN hour = last_hour THEN last_minute + 1 ELSE 60 END) - 1))
          >> CASE WHEN hour = first_hour THEN first_minute::integer ELSE 0 END <> 0
  )
