-- Take files out of the copy; they stay on the disk for a little while.
UPDATE facts_files SET replaced_at = clock_timestamp() WHERE id = ANY(%(ids)s) AND replaced_at IS NULL
