-- Applications with so many facts in the files of some days, and no tally of all of these that have rested: up to which day
-- they have. Of a day that was changed lately, or is to be made anew, and of those after it there is none; where these are
-- too many, there is none at all. Those with most facts come first.
WITH days AS (
    SELECT application_id, date, sum(facts) AS facts, max(made_at) AS made_at
    FROM facts_files WHERE replaced_at IS NULL AND date BETWEEN %(first)s AND %(last)s
    GROUP BY application_id, date
),
restless AS (
    SELECT application_id, min(date) AS date
    FROM (
        SELECT application_id, date FROM days
        WHERE made_at >= clock_timestamp() - make_interval(secs => %(seconds)s)
        UNION ALL
        SELECT application_id, date FROM facts_marks WHERE date BETWEEN %(first)s AND %(last)s
    ) AS changing
    GROUP BY application_id
)
SELECT applications.app_id, coalesce(restless.date - 1, %(last)s::date) AS last
FROM days
JOIN applications ON applications.id = days.application_id AND applications.deleted_at IS NULL
LEFT JOIN restless USING (application_id)
WHERE days.date < restless.date OR restless.date IS NULL
GROUP BY applications.id, restless.date
HAVING sum(days.facts) >= %(facts)s
   AND coalesce(restless.date, %(last)s::date + 1) >= %(last)s::date + 1 - %(left_out)s::int
   AND NOT EXISTS (
       SELECT FROM facts_tallies
       WHERE facts_tallies.application_id = applications.id
         AND facts_tallies.made_at >= max(days.made_at)
         AND facts_tallies.last_date >= coalesce(restless.date - 1, %(last)s::date)
         -- A scheduler of before, which went on after the migration, made it without the sources of visits.
         AND 'visit_channel' = ANY (facts_tallies.kinds)
   )
ORDER BY sum(days.facts) DESC
