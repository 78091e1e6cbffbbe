-- Take the files of days out of the copy whose month is none of these.
UPDATE facts_files SET replaced_at = clock_timestamp()
WHERE replaced_at IS NULL AND to_char(date, 'YYYY-MM') <> ALL(%(months)s)
