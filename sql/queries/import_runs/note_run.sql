-- What became of a file's lines, so far or at its end.
UPDATE import_runs SET counts = %(counts)s, finished_at = %(finished_at)s WHERE id = %(id)s
