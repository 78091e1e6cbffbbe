-- The files that were taken out of the copy some seconds ago.
SELECT id, name FROM facts_files
WHERE replaced_at <= clock_timestamp() - make_interval(secs => %(seconds)s)
ORDER BY id
LIMIT %(limit)s
