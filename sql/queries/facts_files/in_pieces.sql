-- Days that are over and stand in several files, of which none was made lately and nothing is to be made anew.
SELECT application_id, date
FROM facts_files
WHERE replaced_at IS NULL AND date < %(today)s
GROUP BY application_id, date
HAVING count(*) > 1 AND max(made_at) < clock_timestamp() - make_interval(secs => %(seconds)s)
   AND NOT EXISTS (
       SELECT FROM facts_marks
       WHERE facts_marks.application_id = facts_files.application_id AND facts_marks.date = facts_files.date
   )
ORDER BY date DESC
LIMIT %(limit)s
