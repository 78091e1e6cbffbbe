-- The days of a month that are not archived as they are now: their facts are to be made anew, or were, or all columns of
-- their hits are wanted and not kept.
WITH marked AS (
    SELECT DISTINCT application_id, date FROM facts_marks WHERE date BETWEEN %(first)s AND %(last)s
), made AS (
    SELECT application_id, date, max(id) AS id FROM facts_files
    WHERE date BETWEEN %(first)s AND %(last)s AND replaced_at IS NULL
    GROUP BY application_id, date
), kept AS (
    SELECT application_id, date, nullif(facts_id, 0) AS id, has_hits FROM archived_days
    WHERE date BETWEEN %(first)s AND %(last)s
)
SELECT application_id, date FROM marked
UNION
SELECT application_id, date FROM made FULL JOIN kept USING (application_id, date)
WHERE made.id IS DISTINCT FROM kept.id OR (%(has_hits)s AND NOT coalesce(kept.has_hits, false))
ORDER BY date, application_id
