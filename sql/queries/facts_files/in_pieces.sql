-- Days that are over and stand in several files, two of which are small enough to be joined, of which none was made
-- lately and nothing is to be made anew; and days with a file that has no visits beside it, which has one checksum of 32
-- digits.
SELECT application_id, date
FROM (
    SELECT application_id, date, made_at, checksum, facts + lag(facts) OVER (
        PARTITION BY application_id, date ORDER BY first_hour, first_minute
    ) AS with_the_one_before
    FROM facts_files
    WHERE replaced_at IS NULL
) AS file
GROUP BY application_id, date
HAVING (date < %(today)s AND min(with_the_one_before) <= %(facts)s
        AND max(made_at) < clock_timestamp() - make_interval(secs => %(seconds)s)
        AND NOT EXISTS (
            SELECT FROM facts_marks
            WHERE facts_marks.application_id = file.application_id AND facts_marks.date = file.date
        ))
    OR min(length(checksum)) = 32
ORDER BY date DESC
LIMIT %(limit)s
