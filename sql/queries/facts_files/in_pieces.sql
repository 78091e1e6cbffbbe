-- Days that are over and stand in several files, of which none was made lately and nothing is to be made anew; and days
-- with a file that has no visits beside it, which has one checksum of 32 digits.
SELECT application_id, date
FROM facts_files
WHERE replaced_at IS NULL
GROUP BY application_id, date
HAVING (date < %(today)s AND count(*) > 1 AND max(made_at) < clock_timestamp() - make_interval(secs => %(seconds)s)
        AND NOT EXISTS (
            SELECT FROM facts_marks
            WHERE facts_marks.application_id = facts_files.application_id AND facts_marks.date = facts_files.date
        ))
    OR min(length(checksum)) = 32
ORDER BY date DESC
LIMIT %(limit)s
